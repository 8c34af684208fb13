import { beforeAll, describe, expect, it } from 'vitest';
import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';
import { ofType, recordBoth, TYPES } from './recorded-program.ts';

let nonprod: RecordedStack;
let prod: RecordedStack;
let dev: RecordedStack;

beforeAll(async () => {
  [nonprod, prod, dev] = await recordBoth({
    stacks: ['nonprod', 'prod', 'dev'],
    stackConfig: { dev: { 'baton:notebook': 'true' } },
  });
});

const variables = ({ inputs }: RecordedResource) =>
  (inputs.serviceConfig as { environmentVariables: Record<string, string> }).environmentVariables;
const named = (stack: RecordedStack, type: string) => ofType([stack], type).map(({ name }) => name);
const union = (type: string) => [...new Set([...named(nonprod, type), ...named(prod, type)])].sort();

describe('dev', () => {
  it.each(['function', 'topic', 'subscription', 'trigger', 'notification', 'job'] as const)(
    'has every %s of the two tenants, once',
    (type) => {
      expect(named(dev, TYPES[type]).sort()).toEqual(union(TYPES[type]));
    },
  );

  it('has their service accounts too, and that of the notebook', () => {
    expect(named(dev, TYPES.account).sort()).toEqual([...union(TYPES.account), 'notebook'].sort());
  });

  it('tells every function what the functions of the two tenants are told', () => {
    const keys = [...ofType([nonprod], TYPES.function), ...ofType([prod], TYPES.function)].flatMap((it) =>
      Object.keys(variables(it)),
    );
    for (const it of ofType([dev], TYPES.function)) {
      expect(Object.keys(variables(it)).sort()).toEqual([...new Set(keys)].sort());
    }
  });

  it('lets settle finish the stages of both', () => {
    const ofSettle = (stack: RecordedStack) =>
      stack.resources
        .filter(
          ({ inputs }) =>
            inputs.member === `serviceAccount:settle@baton-${stack.stack}.iam.gserviceaccount.com`,
        )
        .map(({ name }) => name);
    expect(new Set(ofSettle(dev))).toEqual(new Set([...ofSettle(nonprod), ...ofSettle(prod)]));
  });

  it('can be taken down: nothing is protected, and only what cannot be deleted is left', () => {
    expect(dev.resources.filter(({ protect }) => protect)).toEqual([]);
    expect(nonprod.resources.filter(({ protect }) => protect).length).toBeGreaterThan(10);
  });

  it('names no project but its own', () => {
    expect(JSON.stringify(dev)).not.toMatch(/baton-(non)?prod|1{12}|2{12}/);
  });
});

describe('the machines of the workers', () => {
  it('have no public address in the network that the stack makes', () => {
    for (const stack of [nonprod, dev]) {
      const [{ id }] = ofType([stack], 'gcp:compute/subnetwork:Subnetwork');
      expect(variables(ofType([stack], TYPES.function)[0])).toMatchObject({
        BATON_DATAFLOW_SUBNETWORK: `https://www.googleapis.com/compute/v1/${id}`,
        BATON_DATAFLOW_IP_CONFIGURATION: 'WORKER_IP_PRIVATE',
      });
    }
  });

  it('have one in the network named default, which need not know Google otherwise', async () => {
    const [stack] = await recordBoth({ stacks: ['nonprod'], config: { 'baton:createNetwork': 'false' } });
    expect(variables(ofType([stack], TYPES.function)[0])).toMatchObject({
      BATON_DATAFLOW_SUBNETWORK: '',
      BATON_DATAFLOW_IP_CONFIGURATION: 'WORKER_IP_PUBLIC',
    });
  });
});

describe('the outputs are what the command line needs', () => {
  const place = 'locations/us-central1';

  it('of every stack', () => {
    for (const [stack, tenants, stages] of [
      [nonprod, ['nonprod'], ['prepare', 'ingest', 'train', 'evaluate', 'settle']],
      [prod, ['prod'], ['approve', 'deploy', 'monitor', 'rollout', 'rollback', 'lineage', 'alert', 'settle']],
      [
        dev,
        ['nonprod', 'prod'],
        [
          ...['prepare', 'ingest', 'train', 'evaluate', 'settle'],
          ...['approve', 'deploy', 'monitor', 'rollout', 'rollback', 'lineage', 'alert'],
        ],
      ],
    ] as const) {
      const project = `baton-${stack.stack}`;
      const { topics, subscriptions, deadLetters, functions, ...rest } = stack.outputs;
      expect(rest).toMatchObject({
        ...{ tenants, project, region: 'us-central1', model: 'census', bucket: `${project}-baton` },
        projectNumber: expect.stringMatching(/^\d{12}$/),
        kmsKey: `projects/${project}/${place}/keyRings/baton/cryptoKeys/baton`,
      });
      expect(subscriptions).toEqual(
        Object.fromEntries(stages.map((stage) => [stage, `projects/${project}/subscriptions/${stage}`])),
      );
      expect(Object.keys(deadLetters as object)).toEqual([...stages]);
      expect(Object.keys(functions as object).sort()).toEqual(named(stack, TYPES.function).sort());
      for (const address of Object.values(functions as object))
        expect(address).toMatch(/^https:.*\.run\.app$/);
      expect(topics).toMatchObject({ parked: `projects/${project}/topics/parked` });
    }
  });

  it('of the projects that train, and of those that serve', () => {
    for (const { stack, outputs } of [nonprod, dev]) {
      expect(outputs).toMatchObject({
        dataset: `baton-${stack}.census`,
        workload: expect.stringMatching(`^gs://baton-${stack}-baton/workloads/census/.*/workload.json$`),
      });
    }
    for (const { stack, outputs } of [prod, dev]) {
      expect(outputs.endpoint).toBe(`projects/baton-${stack}/${place}/endpoints/census`);
    }
    expect(dev.outputs.notebook).toMatch(/notebook-dot-us-central1-a/);
    expect(nonprod.outputs).not.toHaveProperty('endpoint');
  });
});
