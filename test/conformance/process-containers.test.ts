import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ContainerSpec } from '../../local/boundaries.ts';
import { LocalContainerRuntime } from '../../local/processes/containers.ts';
import { LocalProcessHost } from '../../local/processes/process-host.ts';

const context = realpathSync(mkdtempSync(join(tmpdir(), 'baton-test-')));
const REGISTRY = 'us-central1-docker.pkg.dev/p/models';
const SHOW = 'workloads/show.mjs';
let host: LocalProcessHost;
let runtime: LocalContainerRuntime;

beforeAll(() => {
  write(
    SHOW,
    `const { argv, env } = process;
    console.log(JSON.stringify({ cwd: process.cwd(), args: argv.slice(2), MODE: env.MODE, DATA: env.DATA, TEXT: env.TEXT }));`,
  );
  host = new LocalProcessHost({
    stateDir: join(context, 'state'),
    environment: async () => ({}),
    onLint: () => {},
  });
  runtime = new LocalContainerRuntime({ host, context });
});
afterAll(async () => {
  await host.close();
  rmSync(context, { recursive: true });
});

function write(file: string, content: string): void {
  mkdirSync(dirname(join(context, file)), { recursive: true });
  writeFileSync(join(context, file), content);
}

async function run(imageUri: string, rest: Partial<ContainerSpec> = {}): Promise<unknown> {
  const lines: string[] = [];
  const container = await runtime.start({
    label: 'custom job 1',
    imageUri,
    env: {},
    serviceAccount: 'worker@p.iam.gserviceaccount.com',
    project: 'p',
    onLine: (line) => lines.push(line),
    ...rest,
  });
  expect(await container.exited, lines.join('\n')).toEqual({ code: 0, signal: null });
  return JSON.parse(lines.join('\n'));
}

test('the last stage is run, with the build context standing in for WORKDIR', async () => {
  write(
    'workloads/census/train/Dockerfile',
    `# syntax=docker/dockerfile:1
ARG NODE=24
FROM node:\${NODE} AS build
ENTRYPOINT ["never"]

FROM node:\${NODE}-slim
WORKDIR /app
COPY workloads workloads
ENV MODE=image \\
    DATA=/app/data TEXT="two words"
# a comment between the lines
ENTRYPOINT ["node", \\
  "/app/${SHOW}"]
CMD ["--epochs=1"]
`,
  );

  expect(await run(`${REGISTRY}/census-train:v1`)).toEqual({
    cwd: context,
    args: ['--epochs=1'],
    MODE: 'image',
    DATA: join(context, 'data'),
    TEXT: 'two words',
  });
  const digest = `sha256:${'a'.repeat(64)}`;
  expect(
    await run(`${REGISTRY}/census-train@${digest}`, { args: ['--epochs=5'], env: { MODE: 'job' } }),
  ).toMatchObject({ args: ['--epochs=5'], MODE: 'job' });
});

test("a container's command replaces ENTRYPOINT and CMD", async () => {
  expect(await run(`${REGISTRY}/census-train`, { command: ['node', SHOW] })).toMatchObject({ args: [] });
});

test('the shell form runs in a shell, and a stage inherits from an earlier one', async () => {
  write(
    'workloads/two-words/serve/Dockerfile',
    `FROM node:24 AS base
WORKDIR /srv
WORKDIR model
ENV MODE base
FROM base
ENV TEXT=\${MODE}-\${UNSET:-fallback}
CMD exec node ${SHOW} "$MODE"
`,
  );

  expect(await run(`${REGISTRY}/two-words-serve`)).toMatchObject({
    cwd: context,
    args: ['base'],
    TEXT: 'base-fallback',
  });
});

test('an image without a Dockerfile is not found, and the error says where it was looked for', async () => {
  await expect(run(`${REGISTRY}/census-explain:v1`)).rejects.toMatchObject({
    status: 'NOT_FOUND',
    message: `Image "${REGISTRY}/census-explain:v1" not found: there is no ${join(context, 'workloads/census/explain/Dockerfile')}.`,
  });
  await expect(run('gcr.io/p/plain')).rejects.toMatchObject({ status: 'NOT_FOUND' });
});

test('an image that says nothing to run needs a command', async () => {
  write('workloads/census/empty/Dockerfile', 'FROM node:24\n');

  await expect(run(`${REGISTRY}/census-empty`)).rejects.toMatchObject({
    status: 'FAILED_PRECONDITION',
    message: expect.stringContaining('neither ENTRYPOINT nor CMD'),
  });
});
