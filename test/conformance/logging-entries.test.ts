import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logging } from '@google-cloud/logging';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loggingGrpc } from '../../local/logging/grpc.ts';
import { LogStore } from '../../local/logging/log-store.ts';
import { parseProcessLine } from '../../local/processes/output-line.ts';
import { type Services, startServices, TEST_PROJECT } from './harness.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'baton-logging-'));
const store = new LogStore({ stateDir });
let services: Services;
let logging: Logging;

beforeAll(async () => {
  services = await startServices({ grpc: [loggingGrpc(store)], stateDir });
  const client = await import('@google-cloud/logging');
  logging = new client.Logging({ projectId: TEST_PROJECT });
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

const resource = (service: string) => ({ type: 'cloud_run_revision', labels: { service_name: service } });

async function payloads(filter: string, orderBy = 'timestamp asc'): Promise<unknown[]> {
  const [entries] = await logging.getEntries({ filter, orderBy });
  return entries.map(({ data }) => data);
}

describe('the client', () => {
  test('entries that are written can be listed with all they carry', async () => {
    const log = logging.log('written');
    const metadata = {
      severity: 'ERROR',
      resource: resource('train'),
      labels: { run: 'r1' },
      trace: 'projects/p/traces/t1',
      spanId: '0123456789abcdef',
    };
    const payload = { message: 'failed', attempt: 2, nested: { list: [1, 'two', true, null] } };
    await log.write([log.entry(metadata, payload), log.entry({ resource: resource('train') }, 'plain text')]);

    const [entries] = await logging.getEntries({ filter: `logName="projects/${TEST_PROJECT}/logs/written"` });
    const failed = entries.find(({ metadata: { severity } }) => severity === 'ERROR')!;
    expect(failed.data).toEqual(payload);
    expect(failed.metadata).toMatchObject({
      labels: { run: 'r1' },
      resource: resource('train'),
      trace: 'projects/p/traces/t1',
      spanId: '0123456789abcdef',
    });
    // The client adds an entry about itself to the first write of a process.
    expect(entries.map(({ data }) => data)).toEqual(expect.arrayContaining([payload, 'plain text']));
  });

  test('the same entry written twice is kept once', async () => {
    const log = logging.log('retried');
    const entry = log.entry({ insertId: 'same', timestamp: new Date() }, 'once');
    await log.write(entry);
    await log.write(entry);
    expect(await payloads(`logName:"retried"`)).toEqual(['once']);
  });

  test('the logs of the project are listed', async () => {
    await logging.log('listed').write(logging.log('listed').entry({}, 'x'));
    const [logs] = await logging.getLogs();
    expect(logs.map(({ name }) => name)).toContain('listed');
  });

  test('pages add up to the whole, in either order', async () => {
    const log = logging.log('paged');
    const start = Date.now();
    const numbers = Array.from({ length: 7 }, (_, index) => index);
    await log.write(numbers.map((index) => log.entry({ timestamp: new Date(start + index) }, { index })));
    for (const orderBy of ['timestamp asc', 'timestamp desc']) {
      const found: unknown[] = [];
      const query = { filter: 'logName:"paged"', orderBy, pageSize: 3, autoPaginate: false };
      let pageToken = '';
      do {
        const [entries, next] = await logging.getEntries({ ...query, pageToken });
        expect(entries.length).toBeLessThanOrEqual(3);
        found.push(...entries.map(({ data }) => (data as { index: number }).index));
        pageToken = (next as { pageToken?: string } | null)?.pageToken ?? '';
      } while (pageToken);
      expect(found).toEqual(orderBy.endsWith('asc') ? numbers : [...numbers].reverse());
    }
  });
});

describe('filters', () => {
  const at = (minute: number) => new Date(Date.UTC(2031, 0, 1, 0, minute)).toISOString();
  beforeAll(() => {
    const write = (
      minute: number,
      severity: string,
      jsonPayload: Record<string, unknown>,
      service = 'train',
    ) =>
      store.write({
        project: TEST_PROJECT,
        logName: `projects/${TEST_PROJECT}/logs/filtered`,
        timestamp: at(minute),
        severity,
        resource: resource(service),
        labels: { 'run.id': `r${minute}` },
        trace: `projects/p/traces/${minute}`,
        jsonPayload,
      });
    write(1, 'INFO', { n: 1, stage: 'train', text: 'Alpha beta' });
    write(2, 'WARNING', { n: 2, stage: 'deploy', deep: { er: 'x' } });
    write(3, 'ERROR', { n: 10, stage: 'train' }, 'evaluate');
  });

  test.each([
    ['severity>=WARNING', [2, 10]],
    ['severity=INFO', [1]],
    ['severity<300', [1]],
    ['resource.type="cloud_run_revision" resource.labels.service_name="evaluate"', [10]],
    ['labels."run.id"="r2"', [2]],
    ['jsonPayload.stage="train" AND severity="ERROR"', [10]],
    ['jsonPayload.stage=TRAIN', [1, 10]],
    ['jsonPayload.n>1', [2, 10]],
    ['jsonPayload.n=10', [10]],
    ['jsonPayload.deep.er="x"', [2]],
    ['jsonPayload.deep:*', [2]],
    ['jsonPayload.text:"ALPHA"', [1]],
    ['jsonPayload.text=~"^Al.*a$"', [1]],
    ['jsonPayload.text!~"^Al"', [2, 10]],
    ['jsonPayload.stage!="train"', [2]],
    ['trace="projects/p/traces/3"', [10]],
    [`timestamp>="${at(2)}" timestamp<"${at(3)}"`, [2]],
    ['NOT jsonPayload.stage="train"', [2]],
    ['-jsonPayload.stage="train"', [2]],
    ['jsonPayload.stage=("deploy" OR "prepare")', [2]],
    ['severity=INFO OR severity=ERROR AND jsonPayload.stage="train"', [1, 10]],
    ['(severity=INFO AND jsonPayload.n=1) OR severity=ERROR -- comment', [1, 10]],
  ])('%s', async (filter, expected) => {
    const bounded = `logName="projects/${TEST_PROJECT}/logs/filtered" AND (${filter}\n) AND timestamp > "2030-01-01T00:00:00Z"`;
    const found = await payloads(bounded);
    expect(found.map((data) => (data as { n: number }).n)).toEqual(expected);
  });

  test.each([
    ['sourceLocation.file="x"', 'sourceLocation'],
    ['just words', 'just words'],
    ['severity>=LOUD', 'LOUD'],
    ['timestamp>="yesterday"', 'yesterday'],
    ['jsonPayload.a=', 'jsonPayload.a'],
    ['(severity=INFO', '('],
    ['severity=INFO )', ')'],
    ['jsonPayload.a=~"("', 'jsonPayload.a'],
  ])('%s is refused and the part named', async (filter, part) => {
    await expect(payloads(filter)).rejects.toMatchObject({ code: 3, message: expect.stringContaining(part) });
  });
});

describe('the store', () => {
  test('a second start lists what the first one kept', () => {
    const folder = mkdtempSync(join(tmpdir(), 'baton-logging-'));
    const entry = parseProcessLine('kept', {
      project: 'p',
      logName: 'projects/p/logs/l',
      resource: resource('x'),
    });
    new LogStore({ stateDir: folder }).write(entry);
    const again = new LogStore({ stateDir: folder });
    again.write({ ...entry, textPayload: 'later', timestamp: new Date(Date.now() + 1000).toISOString() });
    const texts = [...new LogStore({ stateDir: folder }).entries()].map(
      (indexed) => indexed.entry.textPayload,
    );
    expect(texts).toEqual(['kept', 'later']);
    rmSync(folder, { recursive: true });
  });

  test('files and memory stay bounded', () => {
    const folder = mkdtempSync(join(tmpdir(), 'baton-logging-'));
    const bounded = new LogStore({ stateDir: folder, recentEntries: 100, fileBytes: 5000, files: 3 });
    const log = { project: 'p', logName: 'projects/p/logs/l', resource: resource('x') };
    for (let index = 0; index < 500; index++) bounded.write(parseProcessLine(`line ${index}`, log));
    expect(readdirSync(join(folder, 'logging'))).toHaveLength(3);
    const kept = [...bounded.entries()];
    expect(kept.length).toBeLessThanOrEqual(110);
    expect(kept.at(-1)!.entry.textPayload).toBe('line 499');
    rmSync(folder, { recursive: true });
  });
});

describe('lines of a process', () => {
  const log = {
    project: 'p',
    logName: 'projects/p/logs/run.googleapis.com%2Fstdout',
    resource: resource('train'),
    labels: { instance: 'i1' },
  };
  const now = new Date('2026-01-02T03:04:05Z');

  test('a structured line gives severity, trace, labels and payload', () => {
    const line = JSON.stringify({
      severity: 'warning',
      message: 'waiting',
      run: 'r1',
      time: '2026-01-01T00:00:00+01:00',
      'logging.googleapis.com/trace': 'projects/p/traces/t',
      'logging.googleapis.com/spanId': 's',
      'logging.googleapis.com/labels': { execution_id: 'e', attempt: 2 },
      httpRequest: { requestMethod: 'POST', status: 500 },
    });
    expect(parseProcessLine(line, log, now)).toEqual({
      project: 'p',
      logName: log.logName,
      resource: log.resource,
      timestamp: '2025-12-31T23:00:00.000Z',
      severity: 'WARNING',
      trace: 'projects/p/traces/t',
      spanId: 's',
      labels: { instance: 'i1', execution_id: 'e', attempt: '2' },
      httpRequest: { requestMethod: 'POST', status: 500 },
      jsonPayload: { message: 'waiting', run: 'r1' },
    });
  });

  test('a structured line with nothing but a message is text', () => {
    expect(parseProcessLine('{"severity":"INFO","message":"hello"}', log, now)).toMatchObject({
      severity: 'INFO',
      textPayload: 'hello',
    });
  });

  test.each(['plain words', '{broken json', '[1,2]', '42', ''])('%j is text', (line) => {
    const entry = parseProcessLine(line, { ...log, severity: 'ERROR' }, now);
    expect(entry).toMatchObject({ severity: 'ERROR', textPayload: line, timestamp: now.toISOString() });
  });

  test('a severity or time that is none falls back', () => {
    const entry = parseProcessLine('{"severity":"loud","time":"noon","message":"x","a":1}', log, now);
    expect(entry).toMatchObject({ severity: 'DEFAULT', timestamp: now.toISOString() });
  });
});
