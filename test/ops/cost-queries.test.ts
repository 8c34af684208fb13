import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BigQueryService, startBigQuery } from '../conformance/bigquery-service.ts';
import { TEST_PROJECT } from '../conformance/harness.ts';

const PAGE = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');

/** A query of docs/cost.md by its comment, over the table of this test. */
function query(name: string): string {
  const [, sql] = new RegExp(`<!-- ${name} -->\\s+\`\`\`sql\\n(.*?)\`\`\``, 's').exec(PAGE) ?? [];
  if (!sql) throw new Error(`docs/cost.md has no query <!-- ${name} -->`);
  return sql.replace(/`my-billing\.billing\.\w+`/, `\`${TEST_PROJECT}.billing.export\``);
}

/** A row of the standard usage cost export, as far as the queries read it. */
function row(cost: number, service: string, labels: Record<string, string>, credits: number[] = []): string {
  const struct = (fields: [string, string | number][]) =>
    `STRUCT(${fields.map(([name, value]) => `${typeof value === 'number' ? value : `'${value}'`} AS ${name}`)})`;
  const label = Object.entries(labels).map(([key, value]) => struct([...Object.entries({ key, value })]));
  const credit = credits.map((amount) => struct([['amount', amount]]));
  return `SELECT ${cost} AS cost, 'EUR' AS currency, ${struct([['description', service]])} AS service,
    TIMESTAMP('2026-11-20 10:00:00') AS usage_start_time,
    [${label}] AS labels, [${credit.length > 0 ? credit : struct([['amount', 0]])}] AS credits`;
}

let service: BigQueryService;

beforeAll(async () => {
  service = await startBigQuery();
  const census = { model: 'census', env: 'nonprod' };
  const ofRun = (run: string, stage: string) => ({ ...census, run, stage, attempt: '1' });
  const rows = [
    row(1.25, 'Vertex AI', ofRun('census-a', 'train'), [-0.25, -0.5]),
    row(1.5, 'Vertex AI', ofRun('census-a', 'train')),
    row(0.5, 'Cloud Dataflow', ofRun('census-a', 'ingest')),
    row(2, 'Vertex AI', ofRun('census-b', 'train')),
    row(9, 'Vertex AI', { ...ofRun('other-a', 'train'), model: 'other' }),
    row(7, 'Vertex AI', { model: 'census', env: 'prod', stage: 'deploy' }),
    row(0.125, 'Cloud Pub/Sub', { ...census, component: 'ingest-done' }),
    row(5, 'Compute Engine', { team: 'web' }),
  ];
  await service.client.query('CREATE SCHEMA billing');
  await service.client.query(`CREATE TABLE billing.export AS ${rows.join(' UNION ALL ')}`);
});
afterAll(() => service.close());

it("the billing export's query by run sums cost and credits of each run, stage and service of the model", async () => {
  const [rows] = await service.client.query(query('by run'));
  const of = (run: string, stage: string, name: string, cost: number, credits: number) => ({
    ...{ run, stage, service: name, currency: 'EUR', cost, credits },
  });
  expect(rows).toEqual([
    of('census-a', 'ingest', 'Cloud Dataflow', 0.5, 0),
    of('census-a', 'train', 'Vertex AI', 2.75, -0.75),
    of('census-b', 'train', 'Vertex AI', 2, 0),
  ]);
});

it('the query of what stands tells what no run made', async () => {
  const [rows] = await service.client.query(query('standing'));
  expect(rows).toEqual([
    { env: 'nonprod', component: 'ingest-done', service: 'Cloud Pub/Sub', currency: 'EUR', cost: 0.13 },
    { env: 'prod', component: 'deploy', service: 'Vertex AI', currency: 'EUR', cost: 7 },
  ]);
});
