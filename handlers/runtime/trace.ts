import { createHash, randomBytes } from 'node:crypto';

/**
 * The W3C trace context of a handler's work: a new span in the caller's trace. A run without a trace gets one
 * that follows from its id, so that everything the run does is found under one trace, replays included.
 */
export function childTrace(run: string, parent?: string): string {
  const inherited = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(parent ?? '')?.[1];
  const trace = inherited ?? createHash('sha256').update(run).digest('hex').slice(0, 32);
  return `00-${trace}-${randomBytes(8).toString('hex')}-01`;
}
