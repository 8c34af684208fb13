import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TableField, TableReference, Warehouse } from '../../local/boundaries.ts';
import { StatusError } from '../../local/status.ts';
import { type PubSubService, startPubSub, topicWith } from './pubsub-service.ts';

/** Tables in memory; an append is all or nothing, and a column's type is checked as BigQuery would. */
class MemoryWarehouse implements Warehouse {
  /** How many appends there were. */
  appends = 0;
  readonly tables = new Map<string, { fields: TableField[]; rows: Record<string, unknown>[] }>();

  rows(table: string) {
    return this.tables.get(table)?.rows ?? [];
  }

  async createDataset(): Promise<void> {}

  async createTable({ projectId, datasetId, tableId }: TableReference, fields: TableField[]): Promise<void> {
    this.tables.set(`${projectId}.${datasetId}.${tableId}`, { fields, rows: [] });
  }

  async schema(table: TableReference): Promise<TableField[]> {
    return this.#table(table).fields;
  }

  async append(reference: TableReference, rows: Iterable<Record<string, unknown>>): Promise<number> {
    const { fields, rows: stored } = this.#table(reference);
    const added = [...rows];
    this.appends++;
    for (const row of added) {
      for (const { name, type } of fields) {
        if (type === 'INTEGER' && name in row && !Number.isInteger(row[name])) {
          throw new StatusError(
            'INVALID_ARGUMENT',
            `Could not parse ${row[name]} as INT64 for field ${name}.`,
          );
        }
      }
    }
    return stored.push(...added);
  }

  async query(): Promise<Record<string, unknown>[]> {
    return [];
  }

  #table({ projectId, datasetId, tableId }: TableReference) {
    const table = this.tables.get(`${projectId}.${datasetId}.${tableId}`);
    if (!table) throw new StatusError('NOT_FOUND', `Not found: Table ${projectId}:${datasetId}.${tableId}`);
    return table;
  }
}

const warehouse = new MemoryWarehouse();
let service: PubSubService;
beforeAll(async () => {
  service = await startPubSub({ warehouse });
});
afterAll(() => service.close());

const within = { timeout: 60_000, interval: 20 };
const table = (tableId: string) => ({ projectId: 'p', datasetId: 'd', tableId });
const column = (name: string, type = 'STRING') => ({ name, type });

test('each message becomes a row, with its metadata', async () => {
  const columns = ['subscription_name', 'message_id', 'attributes', 'data'].map((name) => column(name));
  await warehouse.createTable(table('events'), [...columns, column('publish_time', 'TIMESTAMP')]);
  const { topic, subscription } = await topicWith(service.client, 'ledger', {
    bigqueryConfig: { table: 'p.d.events', writeMetadata: true },
  });
  const id = await topic.publishMessage({
    data: Buffer.from('{"n":1}'),
    attributes: { 'ce-id': '7' },
    orderingKey: 'k',
  });
  await vi.waitFor(() => expect(warehouse.rows('p.d.events')).toHaveLength(1), within);
  expect(warehouse.rows('p.d.events')[0]).toEqual({
    subscription_name: subscription.name,
    message_id: id,
    publish_time: expect.stringMatching(/Z$/),
    attributes: JSON.stringify({ 'ce-id': '7', ordering_key: 'k' }),
    data: '{"n":1}',
  });
  await vi.waitFor(() => expect(service.broker.statistics(subscription.name).unacked).toBe(0), within);
});

test('thousands of messages are a few appends', async () => {
  await warehouse.createTable(table('burst'), [column('data')]);
  const { topic } = await topicWith(service.client, 'burst', { bigqueryConfig: { table: 'p.d.burst' } });
  const before = warehouse.appends;
  for (let n = 0; n < 3000; n++) service.broker.publish(topic.name, [{ data: Buffer.from(String(n)) }]);
  await vi.waitFor(() => expect(warehouse.rows('p.d.burst')).toHaveLength(3000), within);
  expect(warehouse.appends - before).toBeLessThan(20);
});

test("with the table's schema, the fields of the data are the columns", async () => {
  await warehouse.createTable(table('typed'), [column('name'), column('n', 'INTEGER')]);
  const { topic } = await topicWith(service.client, 'typed', {
    bigqueryConfig: { table: 'p:d.typed', useTableSchema: true, dropUnknownFields: true },
  });
  await topic.publishMessage({ json: { name: 'a', n: 1, unknown: true } });
  await vi.waitFor(() => expect(warehouse.rows('p.d.typed')).toEqual([{ name: 'a', n: 1 }]), within);
});

test('a message that does not fit goes to the dead-letter topic; the others of its batch are written', async () => {
  await warehouse.createTable(table('strict'), [column('n', 'INTEGER')]);
  const { topic: graveyard, subscription: buried } = await topicWith(service.client, 'unfit');
  const { topic } = await topicWith(service.client, 'strict', {
    bigqueryConfig: { table: 'p.d.strict', useTableSchema: true },
    deadLetterPolicy: { deadLetterTopic: graveyard.name, maxDeliveryAttempts: 5 },
  });
  await Promise.all([{ n: 1 }, { n: 'no number' }, { n: 2 }].map((json) => topic.publishMessage({ json })));
  await vi.waitFor(() => expect(service.broker.statistics(buried.name).unacked).toBe(1), within);
  expect(warehouse.rows('p.d.strict').map(({ n }) => n)).toEqual([1, 2]);
});

test('without its table the subscription is in error, and writes once the table is there', async () => {
  const { topic, subscription } = await topicWith(service.client, 'early', {
    bigqueryConfig: { table: 'p.d.late' },
  });
  await topic.publishMessage({ data: Buffer.from('patient') });
  await vi.waitFor(async () => {
    const [metadata] = await subscription.getMetadata();
    expect(metadata).toMatchObject({ state: 'RESOURCE_ERROR', bigqueryConfig: { state: 'NOT_FOUND' } });
  }, within);
  await warehouse.createTable(table('late'), [column('data')]);
  await vi.waitFor(() => expect(warehouse.rows('p.d.late')).toEqual([{ data: 'patient' }]), within);
  await vi.waitFor(async () => {
    const [metadata] = await subscription.getMetadata();
    expect(metadata).toMatchObject({ state: 'ACTIVE', bigqueryConfig: { state: 'ACTIVE' } });
  }, within);
});

test('a table that is none is refused', async () => {
  const options = { bigqueryConfig: { table: 'dataset.table' } };
  await expect(topicWith(service.client, 'no-table', options)).rejects.toThrow(
    'Invalid BigQuery table given (table=dataset.table)',
  );
});
