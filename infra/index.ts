import { declareNonprod } from './nonprod.ts';
import { declareProd } from './prod.ts';
import { readSettings } from './settings.ts';

/** Pulumi calls this, and keeps what it answers as the stack's outputs. */
export default function declareStack() {
  const settings = readSettings();
  return settings.tenant === 'prod' ? declareProd(settings) : declareNonprod(settings);
}
