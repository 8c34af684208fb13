import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ApprovalRequest,
  type Envelope,
  layout,
  type RunId,
  type Sequence,
  toPubsubMessage,
} from '../../events/index.ts';
import { OPERATOR } from '../../local/declared-policy.ts';
import type { VersionLineage } from '../../ops/models/lineage.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { APPROVER, decideAs, decideUrl, identityToken, requestOf } from '../end-to-end/decide.ts';
import { type CommandLine, commandLineTo } from '../ops/command-line.ts';
import { createdFor, endingsOf, startFaultyCloud } from './cloud.ts';
import { askedOf } from './decisions.ts';
import { attemptOf, publishAll } from './publish.ts';

const shell = { ...process.env };
const PATIENCE_MS = 150_000;
/** May call `decide`, for what serves, and approve nothing. */
const BYSTANDER = 'bystander@example.com';
const STRANGER = 'stranger@example.com';

const APPROVAL = {
  ...{ required: true, selfApproval: false, expiresAfterSeconds: 3600 },
  approvers: [`user:${OPERATOR}`, `user:${APPROVER}`],
};

describe('F17 an approval', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  let baton: CommandLine;
  let first: RunId;
  let passed: Envelope;

  beforeAll(async () => {
    cloud = await startFaultyCloud([], {
      'baton:approval': JSON.stringify(APPROVAL),
      'baton:operators': `["user:${BYSTANDER}"]`,
    });
    baton = await commandLineTo(cloud.cloud, shell);
    first = await cloud.start('f17-first');
  }, PATIENCE_MS);
  afterAll(async () => {
    baton?.close();
    await cloud?.close();
  });

  const asked = (run: RunId) => askedOf(cloud, run, PATIENCE_MS);
  const answerTo = ({ run, attempt, digest }: ApprovalRequest, rest: object = {}) =>
    ({
      kind: 'approval',
      decision: 'approved',
      reason: 'looks good',
      run,
      attempt,
      digest,
      ...rest,
    }) as const;
  const answered = (user: string, request: object, headers?: Record<string, string>) =>
    decideAs(cloud.cloud, user, request, headers);
  const ended = async (run: RunId) => (await cloud.ledger.ended([run], PATIENCE_MS))[0]?.event;
  /** Has another run come to production with what the first one has trained. */
  const arrive = async (name: string, rest: Partial<Envelope> = {}): Promise<RunId> => {
    const run = name as RunId;
    const event = { ...passed, id: `${run}/evaluate/1/eval-passed`, correlationid: run, ...rest };
    await publishAll(cloud, 'nonprod', 'eval-passed', [toPubsubMessage(event)]);
    return run;
  };
  const versionsOf = (run: RunId) => createdFor(cloud, run).filter(([what]) => what.includes('UploadModel'));

  it('before the gate is refused, and where the run stands is said', async () => {
    const early = {
      kind: 'approval',
      run: first,
      attempt: 1,
      decision: 'approved',
      reason: 'early',
    } as const;
    const { status, data } = await answered(OPERATOR, { ...early, digest: '0'.repeat(64) });
    expect([status, data.code]).toEqual([409, 'BATON_APPROVAL_NOT_AWAITED']);
    expect(data.reason).toContain('has not come to production');
    const empty = await cloud.drop('f17-empty', { 'train.csv': '', 'eval.csv': 'amount,label\n1,yes\n' });
    expect(await ended(empty)).toBe('refused');
    const { code, stderr } = await baton('approvals', 'approve', empty, '--reason', 'early', '--yes');
    expect([code, stderr]).toEqual([
      4,
      expect.stringMatching(/asks for no approval: it is refused, at prepare/),
    ]);
  });

  it('from somebody who may not, or whom Cloud Run does not know, is refused', async () => {
    const request = answerTo(await asked(first));
    passed = (await attemptOf(cloud, first, 'approve')).input as Envelope;
    const stranger = await answered(STRANGER, request);
    expect([stranger.status, String(stranger.data)]).toEqual([
      403,
      expect.stringContaining('run.routes.invoke'),
    ]);
    const bystander = await answered(BYSTANDER, request);
    expect([bystander.status, bystander.data.code]).toEqual([403, 'BATON_CALLER_NOT_ALLOWED']);
  });

  it('in the name of an approver, beside one of its own, is taken for its own', async () => {
    const request = answerTo(await asked(first));
    const claims = { email: APPROVER, email_verified: true };
    const forged = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.SIGNATURE_REMOVED_BY_GOOGLE`;
    const own = await identityToken(cloud.cloud, BYSTANDER, decideUrl(cloud.cloud));
    const { status, data } = await answered(BYSTANDER, request, {
      'x-serverless-authorization': `Bearer ${own}`,
      authorization: `Bearer ${forged}`,
    });
    expect([status, data.code]).toEqual([403, 'BATON_CALLER_NOT_ALLOWED']);
    expect(data.reason).toContain(BYSTANDER);
  });

  it('for another digest, or in words that nobody knows, is refused', async () => {
    const request = answerTo(await asked(first));
    const other = await answered(APPROVER, { ...request, digest: 'f'.repeat(64) });
    expect([other.status, other.data.code]).toEqual([409, 'BATON_APPROVAL_DIGEST']);
    for (const wrong of [
      { ...request, kind: 'coronation' },
      { ...request, reason: ' ' },
      { ...request, by: 'me' },
    ]) {
      const malformed = await answered(APPROVER, wrong);
      expect([malformed.status, malformed.data.code]).toEqual([400, 'BATON_DECISION_MALFORMED']);
    }
    const { code, stderr } = await baton(
      ...['approvals', 'approve', first, '--reason', 'x', '--yes', '--digest', 'f'.repeat(64)],
    );
    expect([code, stderr]).toEqual([4, expect.stringContaining(String(request.digest))]);
  });

  it('of what waits for it lets the run go on, and says who, when, why and of what', async () => {
    const request = await asked(first);
    const { approvals } = await baton.json<{ approvals: ApprovalRequest[] }>('approvals', 'list');
    expect(approvals).toEqual([request]);
    expect(await baton.json('runs', 'describe', first)).toMatchObject({ state: 'awaiting-approval' });
    expect((await baton('approvals', 'approve', first, '--reason', 'good')).code).toBe(4);
    const flags = ['--reason', 'better on new rows', '--yes'];
    const dry = await baton.json('approvals', 'approve', first, ...flags, '--dry-run');
    expect(dry).toMatchObject({ sent: false, digest: request.digest });
    const decision = await baton.json<object>('approvals', 'approve', first, ...flags);
    expect(decision).toMatchObject({ decision: 'approved', by: OPERATOR, reason: 'better on new rows' });
    expect(await ended(first)).toBe('monitored');
    const { by, at, digest, expiresAt } = { ...request, ...decision } as unknown as Record<string, string>;
    expect((await attemptOf(cloud, first, 'approve')).ending?.data).toMatchObject({
      approval: { by, at, reason: 'better on new rows', digest, expiresAt },
    });
    expect(await baton.json('approvals', 'list')).toEqual({ approvals: [] });
    const lineage = () => baton.json<VersionLineage>('models', 'lineage', '1').catch(() => undefined);
    await expect
      .poll(lineage, { timeout: PATIENCE_MS, interval: 500 })
      .toMatchObject({ run: first, approval: { by, at, reason: 'better on new rows', digest } });
  });

  it('twice is refused, with the first one’s author, and deploys nothing more', async () => {
    const { status, data } = await answered(APPROVER, answerTo(await asked(first)));
    expect([status, data.code]).toEqual([409, 'BATON_APPROVAL_DECIDED']);
    expect(data.reason).toContain(OPERATOR);
    expect(versionsOf(first)).toHaveLength(1);
  });

  it('of two at once, one is made', async () => {
    const run = await arrive('f17-two');
    const request = await asked(run);
    const answers = await Promise.all(
      [OPERATOR, APPROVER].map((user) => answered(user, answerTo(request, { decision: 'rejected' }))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await ended(run)).toBe('rejected');
    const made = answers.find(({ status }) => status === 200)?.data;
    expect((await attemptOf(cloud, run, 'approve')).ending?.data).toMatchObject({ by: made?.by });
    expect(endingsOf(cloud, run, 'deploy')).toEqual([]);
    expect((await baton('runs', 'watch', run)).code).toBe(16);
  });

  it('by whoever started the run is refused where the stack says so, and somebody else’s is not', async () => {
    const run = await arrive('f17-own', { authtype: 'user', authid: APPROVER });
    const request = await asked(run);
    expect(request.startedBy).toBe(APPROVER);
    const own = await answered(APPROVER, answerTo(request));
    expect([own.status, own.data.code]).toEqual([403, 'BATON_APPROVAL_OWN_RUN']);
    expect((await answered(OPERATOR, answerTo(request))).status).toBe(200);
    expect(await ended(run)).toBe('monitored');
  });

  it('after its time is refused, and the run ends as rejected by expiry', async () => {
    const run = await arrive('f17-late');
    const request = await asked(run);
    const object = layout.approvalRequest({ run, stage: 'approve', attempt: 1 });
    const past = { ...request, expiresAt: request.requestedAt };
    await cloud.storage
      .bucket(cloud.buckets.prod)
      .file(object)
      .save(JSON.stringify(past), { resumable: false });
    expect(await ended(run)).toBe('rejected');
    const { status, data } = await answered(APPROVER, answerTo(request));
    expect([status, data.code]).toEqual([410, 'BATON_APPROVAL_EXPIRED']);
    expect((await attemptOf(cloud, run, 'approve')).ending?.data).toMatchObject({ by: 'expiry' });
    expect(endingsOf(cloud, run, 'deploy')).toEqual([]);
  });

  it('is not asked for where a newer run was deployed, and not waited for once one is', async () => {
    const sequence = (distance: number) =>
      String(BigInt(String(passed.sequence)) + BigInt(distance)).padStart(20, '0') as Sequence;
    const old = await arrive('f17-old', { sequence: sequence(-1) });
    expect(await ended(old)).toBe('superseded');
    expect(await requestOf(cloud, old)).toBeUndefined();
    const waiting = await arrive('f17-waiting', { sequence: sequence(1) });
    await asked(waiting);
    const newer = await arrive('f17-newer', { sequence: sequence(2) });
    expect((await answered(APPROVER, answerTo(await asked(newer)))).status).toBe(200);
    expect(await ended(newer)).toBe('monitored');
    expect(await ended(waiting)).toBe('superseded');
    expect([...endingsOf(cloud, old, 'deploy'), ...endingsOf(cloud, waiting, 'deploy')]).toEqual([]);
  });

  it('can’t be gone without: deploy parks what nobody approved', async () => {
    const run = 'f17-around' as RunId;
    const approved = (await attemptOf(cloud, first, 'approve')).ending as Envelope;
    const data = { ...(approved.data as object), approval: undefined };
    const event = { ...approved, id: `${run}/approve/1/approved`, correlationid: run, data };
    await publishAll(cloud, 'prod', 'approved', [toPubsubMessage(event)]);
    expect(await ended(run)).toBe('parked');
    expect((await attemptOf(cloud, run, 'deploy')).ending?.data).toMatchObject({
      code: 'BATON_APPROVAL_MISSING',
    });
    expect(versionsOf(run)).toEqual([]);
  });
});
