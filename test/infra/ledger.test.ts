import { beforeAll, describe, expect, it } from 'vitest';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { ofType, recordBoth, TYPES } from './recorded-program.ts';

const TABLE = 'gcp:bigquery/table:Table';

let stacks: RecordedStack[];
beforeAll(async () => {
  stacks = await recordBoth();
});

describe.each(['nonprod', 'prod'] as const)('the ledger of %s', (tenant) => {
  const project = `baton-${tenant}`;
  const writing = () =>
    ofType(stacks, TYPES.subscription, tenant).filter(({ inputs }) => inputs.bigqueryConfig);
  const table = () => ofType(stacks, TABLE, tenant).find(({ name }) => name === 'messages');

  it('hears of every event of the tenant, and of nothing else', () => {
    const outputs = stacks.find(({ stack }) => stack === tenant)?.outputs as {
      topics: Record<string, string>;
    };
    const heard = writing().map(({ inputs }) => inputs.topic);
    expect(heard.sort()).toEqual(Object.values(outputs.topics).sort());
  });

  it('is one table, written with metadata by an account that may write there and do nothing else', () => {
    const writer = `ledger@${project}.iam.gserviceaccount.com`;
    for (const { inputs } of writing()) {
      expect(inputs.bigqueryConfig).toEqual({
        table: `${project}.ledger.messages`,
        writeMetadata: true,
        serviceAccountEmail: writer,
      });
    }
    const held = stacks
      .flatMap(({ resources }) => resources)
      .filter(({ inputs }) => inputs.member === `serviceAccount:${writer}`)
      .map(({ type, inputs }) => [type, inputs.role, inputs.datasetId, inputs.tableId]);
    expect(held).toEqual([
      ['gcp:bigquery/iamMember:IamMember', 'roles/bigquery.dataEditor', 'ledger', 'messages'],
    ]);
  });

  it('is partitioned by day, encrypted, and protected from being deleted', () => {
    expect(table()?.inputs).toMatchObject({
      timePartitioning: { type: 'DAY', field: 'publish_time' },
      encryptionConfiguration: { kmsKeyName: expect.stringContaining(project) },
      deletionProtection: true,
    });
    expect(table()?.protect).toBe(true);
    expect(ofType(stacks, 'gcp:bigquery/dataset:Dataset', tenant)).toEqual([
      expect.objectContaining({ protect: true }),
    ]);
  });

  it('subscribes when the writer may write', () => {
    const grant = ofType(stacks, 'gcp:bigquery/iamMember:IamMember', tenant)[0];
    for (const { dependencies } of writing()) expect(dependencies).toContain(grant.urn);
  });
});
