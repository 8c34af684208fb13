import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions, functionNames } from '../../bundle/functions.ts';
import { layout, ParkedMessage } from '../../events/index.ts';
import { learnableDrop, startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { decideAs, ON_CALL } from '../end-to-end/decide.ts';
import { runScheduled, YEARLY } from '../end-to-end/schedule.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'baton-bundles-'));
const bundles = join(folder, 'bundles');
let names: string[];

beforeAll(async () => {
  names = await functionNames();
  await bundleFunctions(bundles, names);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a bundle', () => {
  /** The Google APIs that each function calls, by the client's package. */
  const CLIENTS: Record<string, string[]> = {
    prepare: ['bigquery', 'pubsub', 'storage'],
    ingest: ['bigquery', 'dataflow', 'pubsub', 'storage'],
    train: ['aiplatform', 'pubsub', 'storage'],
    evaluate: ['aiplatform', 'pubsub', 'storage'],
    approve: ['aiplatform', 'pubsub', 'storage'],
    decide: ['pubsub', 'storage'],
    deploy: ['aiplatform', 'pubsub', 'storage'],
    monitor: ['aiplatform', 'bigquery', 'pubsub', 'storage'],
    rollout: ['aiplatform', 'monitoring', 'pubsub', 'storage'],
    rollback: ['aiplatform', 'pubsub', 'storage'],
    lineage: ['aiplatform', 'storage'],
    alert: ['aiplatform', 'pubsub', 'storage'],
    retrain: ['pubsub', 'storage'],
    start: ['pubsub', 'storage'],
    settle: ['aiplatform', 'bigquery', 'dataflow', 'monitoring', 'pubsub', 'storage'],
    park: ['pubsub', 'storage'],
  };

  it('is made of each function', () => {
    expect([...names].sort()).toEqual(Object.keys(CLIENTS).sort());
    expect(readdirSync(bundles).sort()).toEqual(Object.keys(CLIENTS).sort());
  });

  it.each(Object.entries(CLIENTS))('of %s holds the clients of %s, and no other', (name, clients) => {
    const packages = sourcesOf(join(bundles, name)).flatMap(
      (source) =>
        /@google-cloud\/(aiplatform|bigquery|dataflow|monitoring|pubsub|storage)\//.exec(source)?.[1] ?? [],
    );
    expect([...new Set(packages)].sort()).toEqual(clients);
  });

  it("describes to a client its own service's methods that are called, and nothing else of its API", () => {
    const code = codeOf(join(bundles, 'train'));
    expect(code).toContain('CreateCustomJobRequest');
    for (const other of ['UploadModelRequest', 'CreateEndpointRequest', 'CreateNasJobRequest']) {
      expect(code).not.toContain(other);
    }
  });

  it('holds none of the message classes that are generated beside the clients', () => {
    for (const name of names) {
      expect([name, codeOf(join(bundles, name)).includes('$root.google')]).toEqual([name, false]);
    }
  });

  it('has source maps beside its code, with the paths of the repository', () => {
    for (const name of names) {
      const bundle = join(bundles, name);
      const [stage] = filesBelow(bundle).filter(
        (file) => file.startsWith(`${name}-`) && file.endsWith('.mjs'),
      );
      expect(readFileSync(join(bundle, stage), 'utf8')).toContain(`\n//# sourceMappingURL=${stage}.map`);
      expect(sourcesOf(bundle)).toContain(`handlers/${name}.ts`);
      for (const source of sourcesOf(bundle)) expect(source).toMatch(/^(events|handlers|node_modules)\//);
    }
  });

  it('names no path of the machine that made it', () => {
    const places = [ROOT, folder, realpathSync(join(ROOT, 'node_modules'))];
    for (const file of filesBelow(bundles)) {
      const content = readFileSync(join(bundles, file), 'utf8');
      expect([file, places.filter((place) => content.includes(place))]).toEqual([file, []]);
    }
  });

  it('made again is the same, byte for byte', async () => {
    const again = join(folder, 'again/elsewhere');
    await bundleFunctions(again, ['train']);
    const first = join(bundles, 'train');
    expect(filesBelow(join(again, 'train'))).toEqual(filesBelow(first));
    for (const file of filesBelow(first)) {
      expect(readFileSync(join(again, 'train', file)).equals(readFileSync(join(first, file))), file).toBe(
        true,
      );
    }
  });

  it('is installed by npm without a network', () => {
    const copy = join(folder, 'installed');
    cpSync(join(bundles, 'park'), copy, { recursive: true });
    const { status, stderr } = spawnSync('npm', ['ci', '--offline', '--no-audit'], { cwd: copy });
    expect(status, String(stderr)).toBe(0);
    const help = spawnSync(join(copy, 'node_modules/.bin/functions-framework'), ['--help'], { cwd: copy });
    expect([help.status, String(help.stderr)]).toEqual([
      0,
      expect.stringContaining('functions-framework --target'),
    ]);
  });
});

describe('the chain in bundles', () => {
  const stateDir = join(folder, 'state');
  let test: TestCloud;
  beforeAll(async () => {
    test = await startTestCloud({
      stateDir,
      config: {
        'baton:functionBundles': bundles,
        'baton:retraining': 'notify',
        'baton:runSchedule': YEARLY,
        'baton:operators': JSON.stringify([`user:${ON_CALL}`]),
      },
    });
  });
  afterAll(() => test?.close());

  it('runs what the bundles hold', () => {
    const functions = readdirSync(join(stateDir, 'functions'));
    // Each tenant has its own settle and park.
    expect(functions).toHaveLength(names.length + 2);
    for (const unpacked of functions) {
      expect(readdirSync(join(stateDir, 'functions', unpacked))).toEqual(
        expect.arrayContaining(['index.mjs', 'framework']),
      );
    }
  });

  it('ends deployed and monitored', async () => {
    const run = await test.drop('bundled', learnableDrop({ train: 48, eval: 48 }));
    const view = await test.ended(run, 60_000);
    expect(test.report(view)).toMatchObject({ state: 'monitored' });
  });

  it('keeps what the functions cannot read, and a dead letter, with its bytes', async () => {
    const { PubSub } = await import('@google-cloud/pubsub');
    const data = Buffer.from('nobody can handle this');
    const nonprod = [
      'drops',
      'dataset-ready',
      'ingest-done',
      'model-trained',
      'eval-passed',
      'train-dead-letter',
    ];
    const prod = ['approved', 'deployed', 'rollback-requested', 'monitoring-alerts', 'drift-detected'];
    for (const [projectId, topics] of Object.entries({ 'baton-nonprod': nonprod, 'baton-prod': prod })) {
      const client = new PubSub({ projectId });
      await Promise.all(topics.map((topic) => client.topic(topic).publishMessage({ data })));
    }
    const keepers = async () => (await Promise.all(Object.values(test.buckets).map(keptIn))).flat().sort();
    await expect
      .poll(keepers, { timeout: 120_000, interval: 300 })
      .toEqual(
        [
          ...['prepare', 'ingest', 'train', 'evaluate', 'park', 'retrain'],
          ...['approve', 'deploy', 'monitor', 'rollout', 'lineage', 'rollback', 'alert'],
        ].sort(),
      );

    /** Which subscriptions' messages were kept in a bucket; that of the dead letters is park's. */
    async function keptIn(bucket: string): Promise<string[]> {
      const [files] = await test.storage.bucket(bucket).getFiles({ prefix: layout.parkedPrefix });
      const kept = await Promise.all(files.map(async (file) => String(await file.download())));
      return kept.map((content) => {
        const { subscription, message } = ParkedMessage.parse(JSON.parse(content));
        expect(message.data).toBe(data.toString('base64'));
        return (
          subscription
            .split('/')
            .at(-1)
            ?.replace(/^park.*|.*-dead-letter.*/, 'park') ?? ''
        );
      });
    }
  });

  it('lets people decide, and starts runs by the clock', async () => {
    expect(await decideAs(test.cloud, ON_CALL, 'no decision')).toMatchObject({
      status: 400,
      data: { code: 'BATON_DECISION_MALFORMED' },
    });
    expect(await runScheduled(test)).toMatchObject({ type: 'dev.baton.run.requested.v1' });
  });
});

/** The files of a folder and its subfolders, by path in it, sorted. */
function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

/** The sources that a bundle's maps name. */
function sourcesOf(bundle: string): string[] {
  const maps = filesBelow(bundle).filter((path) => path.endsWith('.map'));
  return maps.flatMap((map) => JSON.parse(readFileSync(join(bundle, map), 'utf8')).sources as string[]);
}

function codeOf(bundle: string): string {
  const files = filesBelow(bundle).filter((path) => path.endsWith('.mjs'));
  return files.map((file) => readFileSync(join(bundle, file), 'utf8')).join('\n');
}
