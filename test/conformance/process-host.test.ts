import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { LocalProcessHost } from '../../local/processes/process-host.ts';
import { linesOf, nodeProcess, REPOSITORY } from './process-harness.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'baton-test-'));
let host: LocalProcessHost;

beforeAll(() => {
  vi.stubEnv('PUBSUB_EMULATOR_HOST', '127.0.0.1:1');
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/nowhere/key.json');
});
beforeEach(() => {
  host = newHost();
  return () => host.close();
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(stateDir, { recursive: true });
});

function newHost(): LocalProcessHost {
  return new LocalProcessHost({
    stateDir,
    environment: async ({ serviceAccount, project }) => ({ IDENTITY: `${serviceAccount} in ${project}` }),
    onLint: () => {},
  });
}

/** One that has ended but that nobody has reaped yet, as the first process of a container may be slow to do, is not. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

/** A process that has a child of its own, and its child's pid, which it writes first. */
async function startFamily(
  script = '',
): Promise<{ started: Awaited<ReturnType<typeof host.start>>; childPid: number }> {
  let childPid = 0;
  const started = await host.start(
    nodeProcess(
      `import { spawn, spawnSync } from 'node:child_process';
       const child = spawn('sleep', ['1000'], { stdio: 'inherit' });
       ${script}
       console.log(child.pid);
       setInterval(() => {}, 1000);`,
      { onLine: (line) => (childPid = Number(line)) },
    ),
  );
  await vi.waitFor(() => expect(childPid).toBeGreaterThan(0), { timeout: 60_000 });
  return { started, childPid };
}

test('a process has its identity and its own variables, and none of the shell that lead elsewhere', async () => {
  const script = `const { IDENTITY, OWN, TZ, PUBSUB_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS } = process.env;
    console.log(JSON.stringify({ IDENTITY, OWN, TZ, PUBSUB_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS }));`;

  const [line] = await linesOf(
    host,
    nodeProcess(script, { serviceAccount: 'a@p.iam.gserviceaccount.com', project: 'p', env: { OWN: 'x' } }),
  );

  expect(JSON.parse(line!)).toEqual({ IDENTITY: 'a@p.iam.gserviceaccount.com in p', OWN: 'x', TZ: 'UTC' });
});

test('`node` is the Node that runs the local cloud', async () => {
  expect(await linesOf(host, nodeProcess('console.log(process.execPath)'))).toEqual([process.execPath]);
});

test('output arrives line by line with its stream, and the exit code after the last line', async () => {
  const lines: string[] = [];
  const started = await host.start(
    nodeProcess(
      `process.stdout.write('one\\ntwo\\nlast without end'); process.stderr.write('wrong\\n'); process.exitCode = 3;`,
      {
        onLine: (line, stream) => lines.push(`${stream}: ${line}`),
      },
    ),
  );

  expect(await started.exited).toEqual({ code: 3, signal: null });
  expect(lines.toSorted()).toEqual([
    'stderr: wrong',
    'stdout: last without end',
    'stdout: one',
    'stdout: two',
  ]);
});

test('stop ends a process and its children', async () => {
  const { started, childPid } = await startFamily();

  await started.stop();

  expect(await started.exited).toEqual({ code: null, signal: 'SIGTERM' });
  await expect.poll(() => isAlive(childPid)).toBe(false);
});

test('stop kills a process that ignores SIGTERM when the grace period is over', async () => {
  const { started, childPid } = await startFamily(`process.on('SIGTERM', () => {});`);

  await started.stop(50);

  expect(await started.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await expect.poll(() => isAlive(childPid)).toBe(false);
});

test('what a process leaves behind when it ends is killed', async () => {
  const { started, childPid } = await startFamily('setTimeout(() => process.exit(0));');

  expect(await started.exited).toEqual({ code: 0, signal: null });
  await expect.poll(() => isAlive(childPid)).toBe(false);
});

test('close ends everything, and nothing starts afterwards', async () => {
  const family = await startFamily();
  const other = await startFamily(`process.on('SIGTERM', () => {});`);

  await host.close();

  const pids = [family.started.pid, family.childPid, other.started.pid, other.childPid];
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  await expect(host.start(nodeProcess(''))).rejects.toThrow(/shutting down/);
});

test('a command that is not there fails with its label and the cause', async () => {
  await expect(
    host.start(nodeProcess('', { label: 'function train', command: 'no-such-command' })),
  ).rejects.toThrow(/^function train can't start .*no-such-command ENOENT/);
});

test('resident memory is that of the live processes and their children', async () => {
  const first = await startFamily();
  const ofOne = host.residentBytes();
  const second = await startFamily();

  expect(ofOne).toBeGreaterThan(20_000_000);
  expect(host.residentBytes()).toBeGreaterThan(ofOne + 20_000_000);

  await Promise.all([first.started.stop(), second.started.stop()]);
  expect(host.residentBytes()).toBeLessThan(ofOne);
});

test.each([
  ['ends with an uncaught error', `throw new Error('a defect')`],
  ['is killed', `process.kill(process.pid, 'SIGKILL')`],
])('no Node process outlives a local cloud that %s', async (_how, ending) => {
  const script = `
    import { LocalProcessHost } from './local/processes/process-host.ts';
    const options = { stateDir: ${JSON.stringify(stateDir)}, environment: async () => ({}), onLint() {} };
    const host = new LocalProcessHost(options);
    const { pid } = await host.start({
      label: 'child', command: 'node', args: ['--eval', 'console.log(1); setInterval(() => {}, 1000)'],
      cwd: process.cwd(), serviceAccount: '', project: '', env: {},
      onLine: () => { console.log(pid); setImmediate(() => { ${ending} }); },
    });`;
  const cloud = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = Number(await text(cloud.stdout));

  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false);
});
