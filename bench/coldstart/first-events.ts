import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startLocalCloud } from '../../local/cloud.ts';
import { watchRun } from '../../ops/runs/watch.ts';
import { chooseDataSet, dropInto } from '../../ops/start/data-set.ts';

import { processorMs } from './listening.ts';

const ROWS = 4000;
const STALL_MS = 120_000;
const PARK_MS = 30_000;
const signal = new AbortController().signal;

/** What an instance took from exec to its first answer, in milliseconds. */
export interface FirstEvent {
  /** By the clock. */
  elapsed: number;
  /** Of processor time, which a busy machine changes less. */
  processor: number;
}

/**
 * Runs the chain so many times, each in a new local cloud, lets one message be parked, and answers what the first
 * instance of each function took, by the function's name.
 */
export async function firstEvents(
  runs: number,
  config: Record<string, string>,
): Promise<Map<string, FirstEvent[]>> {
  const samples = new Map<string, FirstEvent[]>();
  for (let run = 0; run < runs; run++) {
    for (const [name, event] of await firstEventsOfOneRun(config)) {
      samples.set(name, [...(samples.get(name) ?? []), event]);
    }
  }
  return samples;
}

async function firstEventsOfOneRun(config: Record<string, string>): Promise<Map<string, FirstEvent>> {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-coldstart-state-'));
  const answered = new Map<string, FirstEvent>();
  const cloud = await startLocalCloud({
    stateDir,
    config,
    onColdStart: ({ service, pid, answeredMs, status }) => {
      const name = service.split('/').at(-1)!;
      // What is to be delivered again was not handled.
      if (status >= 300 || answered.has(name)) return;
      answered.set(name, { elapsed: answeredMs, processor: processorMs(pid) });
    },
  });
  try {
    await cloud.connectThisProcess();
    const { Storage } = await import('@google-cloud/storage');
    const { PubSub } = await import('@google-cloud/pubsub');
    const storage = new Storage();
    const buckets = { nonprod: cloud.output('nonprod', 'bucket'), prod: cloud.output('prod', 'bucket') };
    const dataSet = await chooseDataSet({ seed: 1, rows: ROWS, state: stateDir }, signal);
    const id = await dropInto(storage, buckets.nonprod, dataSet, 'coldstart');
    await watchRun(storage, buckets, id, { pollMs: 250, stallMs: STALL_MS, signal, onChange: () => {} });
    const deadLetters = new PubSub({ projectId: cloud.output('nonprod', 'project') }).topic(
      'train-dead-letter',
    );
    await deadLetters.publishMessage({ data: Buffer.from('nobody can handle this') });
    for (const end = Date.now() + PARK_MS; !answered.has('park') && Date.now() < end; ) await delay(50);
  } finally {
    await cloud.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
  return answered;
}
