import { AttemptRecord, dispositionOf, layout, type RunId, STAGE_INPUTS } from '../../events/index.ts';
import type { StubCloud } from './stub-cloud.ts';

const READ_AT_ONCE = 32;
/** The events that a stage answers; an ending's id closes with its event's name. */
const HEARD = new Set(Object.values(STAGE_INPUTS).map(({ event }) => event as string));

/** What there is to find fault with, one sentence each; nothing when all is as it must be. */
export async function faultsFoundIn(cloud: StubCloud, runs: RunId[]): Promise<string[]> {
  const { ledger } = cloud;
  const found: string[] = [];
  for (const run of runs) {
    const event = ledger.ends.get(run)?.event;
    if (!event) found.push(`${run} is lost: no event says that it ended`);
    else if (event !== 'monitored' && event !== 'superseded') found.push(`${run} ended as ${event}`);
  }
  for (const doubled of ledger.doubled) found.push(`a doubled effect: ${doubled}`);

  const answered = new Set<string>();
  const published = Map.groupBy(ledger.published.keys(), (id) => id.slice(0, id.lastIndexOf('/')));
  await readAttempts(cloud, (attempt) => {
    const name = `${attempt.run}/${attempt.stage}/${attempt.attempt}`;
    answered.add(attempt.cause.id);
    if (dispositionOf(attempt) === 'waiting') found.push(`${name} is stuck: its event has no disposition`);
    const endings = published.get(name) ?? [];
    if (endings.length !== 1) found.push(`${name} ended with ${endings.length} events: ${endings}`);
  });
  for (const id of ledger.published.keys()) {
    const isHeard = HEARD.has(id.slice(id.lastIndexOf('/') + 1));
    if (isHeard && !answered.has(id)) found.push(`${id} is lost: no stage has a record of it`);
  }
  const outstanding = await list(cloud, layout.outstandingPrefix);
  for (const { name } of outstanding) found.push(`${name} is stuck: it never ended`);
  return found;
}

/** Reads every attempt's record, and keeps none of them. */
async function readAttempts(cloud: StubCloud, look: (attempt: AttemptRecord) => void): Promise<void> {
  const records = (await list(cloud, 'runs/')).filter(({ name }) => name.endsWith('/attempt.json'));
  await Promise.all(
    Array.from({ length: READ_AT_ONCE }, async () => {
      for (let object = records.pop(); object; object = records.pop()) {
        const [content] = await object.download();
        look(AttemptRecord.parse(JSON.parse(content.toString('utf8'))));
      }
    }),
  );
}

/** The objects under a prefix of both buckets. */
async function list({ storage, buckets }: StubCloud, prefix: string) {
  const listings = Object.values(buckets).map((bucket) => storage.bucket(bucket).getFiles({ prefix }));
  return (await Promise.all(listings)).flatMap(([files]) => files);
}
