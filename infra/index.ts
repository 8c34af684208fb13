import { declareDev } from './dev.ts';
import { labelEverything } from './labels.ts';
import { declareNonprod } from './nonprod.ts';
import { declareProd } from './prod.ts';
import { readSettings } from './settings.ts';

/** Pulumi calls this, and keeps what it answers as the stack's outputs. */
export default function declareStack() {
  const settings = readSettings();
  labelEverything(settings);
  switch (settings.tenant) {
    case 'nonprod':
      return declareNonprod(settings);
    case 'prod':
      return declareProd(settings);
    case 'dev':
      return declareDev(settings);
  }
}
