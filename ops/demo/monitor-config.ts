import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const STACK = resolve(import.meta.dirname, '../../infra/Pulumi.prod.yaml');
const Stack = z.object({ config: z.object({ 'baton:monitor': z.string() }) });

/**
 * The census stack's monitoring, run by the clock once a day at most: so that windows end when somebody says so, and
 * not in the middle of their traffic.
 */
export function monitoringOnDemand(change: { samplingRate?: number } = {}): string {
  const { config } = Stack.parse(parse(readFileSync(STACK, 'utf8')));
  return JSON.stringify({ ...JSON.parse(config['baton:monitor']), intervalSeconds: 24 * 3600, ...change });
}
