import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runIdOf, toPubsubMessage } from '../../events/index.ts';
import { runRequest } from '../../ops/replay/run-request.ts';

const DAGS = resolve(import.meta.dirname, '../../integrations/composer');
const GENERATIONS = { train: '1700000000000001', eval: '1700000000000000' };
const OUTPUTS = { project: 'baton-nonprod', bucket: 'baton-nonprod-baton', model: 'census' };
const RUN_ID = 'manual__2026-01-05T03:00:00+00:00';

/** What the DAG's modules answer to each question, in one Python process. */
function python(asked: object[]) {
  const { status, stdout, stderr } = spawnSync('python3', [join(import.meta.dirname, 'composer.py'), DAGS], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

function expected(drop: string, occasion: string, reason: string, at: string) {
  const run = runIdOf(drop, GENERATIONS, occasion);
  const request = { run, ...OUTPUTS, drop, generations: GENERATIONS, reason, occasion };
  const { data, attributes } = toPubsubMessage(runRequest(request, OUTPUTS.project, new Date(at)));
  return { data: data.toString('utf8'), attributes };
}

it('Composer starts a run with the event of `baton runs start`, byte for byte, whatever the drop is called', () => {
  const drops = ['first', '2026-01-05 Weekly__Drop ', '42', 'a'.repeat(60), 'März – ”neu“'];
  const at = '2026-01-05T03:00:00.042Z';
  const [occasion, reason] = [`composer ${RUN_ID}`, 'asked for by “somebody”\n\\ é 😀'];
  const asked = { what: 'event', ...OUTPUTS, occasion, reason, at: at.replace('Z', '+00:00') };
  const answers = python(drops.map((name) => ({ ...asked, drop: { name, ...GENERATIONS } })));
  expect(answers).toEqual(drops.map((drop) => expected(drop, occasion, reason, at)));
});

describe.each([2, 3])('the DAG under Airflow %i', (airflow) => {
  const file = (updated: number) => [GENERATIONS.train, updated, null];
  const drops = {
    'datasets/old/train.csv': [GENERATIONS.train, 1, null],
    'datasets/old/eval.csv': [GENERATIONS.eval, 2, null],
    'datasets/new/train.csv': [GENERATIONS.train, 4, null],
    'datasets/new/eval.csv': [GENERATIONS.eval, 3, null],
    'datasets/half/train.csv': file(9),
    'datasets/new/notes/train.csv': file(9),
  };
  const runOver = (drop: string) => runIdOf(drop, GENERATIONS, `composer ${RUN_ID}`);
  const attempt = (stage: string, number: number, type?: string, data: object = {}) => {
    const ending = type && { type: `dev.baton.${type}.v1`, data };
    const record = { stage, attempt: number, ...(ending && { ending }) };
    return { [`runs/${runOver('new')}/${stage}/${number}/attempt.json`]: ['1', 0, record] };
  };
  const dag = (objects: object, more: object = {}, variables: object = {}) => ({
    ...{ what: 'dag', airflow, run_id: RUN_ID, objects: { ...drops, ...objects } },
    variables: { baton: JSON.stringify(OUTPUTS), ...variables },
    ...more,
  });

  it('asks for a run of the newest complete drop, or of the one that it is given', () => {
    const begun = attempt('prepare', 1, 'dataset.ready');
    const [newest, given, half] = python([dag(begun), dag({}, { drop: 'old' }), dag({}, { drop: 'half' })]);
    expect(newest.sent).toMatchObject({ topic: 'drops', project_id: 'baton-nonprod' });
    expect(newest.sent.messages[0].attributes['ce-subject']).toBe(runOver('new'));
    expect(newest.ended).toEqual([false]);
    expect(given.sent.messages[0].attributes['ce-subject']).toBe(runOver('old'));
    expect(half).toMatchObject({ failed: expect.stringContaining('no drop is complete'), published: [] });
  });

  it('waits until the run passed, or reached what is waited for in production', () => {
    const passed = { ...attempt('train', 1, 'model.trained'), ...attempt('evaluate', 1, 'eval.passed') };
    const monitored = { ...passed, ...attempt('monitor', 1, 'monitored') };
    const production = { baton_until: 'monitored', baton_prod: JSON.stringify(OUTPUTS) };
    const answers = python([dag(passed), dag(passed, {}, production), dag(monitored, {}, production)]);
    expect(answers.map(({ ended }: { ended: boolean[] }) => ended)).toEqual([[true], [false], [true]]);
  });

  it('fails with the reason of a run that stopped, until that is replayed', () => {
    const parked = attempt('train', 1, 'parked', { reason: 'no quota' });
    const [stopped, replayed] = python([dag(parked), dag({ ...parked, ...attempt('train', 2) })]);
    expect(stopped.failed).toBe(`run ${runOver('new')} stopped: train parked: no quota`);
    expect(replayed.ended).toEqual([false]);
  });
});
