import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { inputOptions, outputOptions } from '../../bundle/repository.ts';
import type { LocalProcess, ProcessSpec } from '../../local/boundaries.ts';
import { LocalProcessHost } from '../../local/processes/process-host.ts';
import { showProtobuf } from '../end-to-end/bundles.ts';
import { type Services, startServices, TEST_PROJECT } from './harness.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const SERVICE_ACCOUNT = `worker@${TEST_PROJECT}.iam.gserviceaccount.com`;

/** Services with a host for processes that reach them. */
export async function startProcesses(
  surfaces: Parameters<typeof startServices>[0] & { stateDir: string },
): Promise<Services & { host: LocalProcessHost }> {
  const services = await startServices(surfaces);
  const host = new LocalProcessHost({
    stateDir: surfaces.stateDir,
    environment: (identity) => services.network.environment(identity),
    onLint: (lint) => services.lints.push(lint),
  });
  return {
    ...services,
    host,
    close: async () => {
      await host.close();
      await services.close();
    },
  };
}

/** A Node process that runs the module text given. */
export function nodeProcess(script: string, rest: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    label: 'test process',
    command: 'node',
    args: ['--input-type=module', '--eval', script],
    cwd: REPOSITORY,
    serviceAccount: SERVICE_ACCOUNT,
    project: TEST_PROJECT,
    env: {},
    ...rest,
  };
}

/** The same, with all that it imports in a bundle, as the local clouds of tests have their functions. */
export async function bundledProcess(
  script: string,
  stateDir: string,
  rest: Partial<ProcessSpec> = {},
): Promise<ProcessSpec> {
  const dir = mkdtempSync(join(stateDir, 'bundle-'));
  const source = join(dir, 'source.mjs');
  writeFileSync(source, script);
  const build = await rolldown({
    ...inputOptions(),
    input: { bundle: source },
    resolve: { modules: [join(REPOSITORY, 'node_modules')], symlinks: false },
    transform: { define: { __dirname: 'import.meta.dirname' } },
    checks: { ineffectiveDynamicImport: false, pluginTimings: false },
    plugins: [showProtobuf],
  });
  await build.write({ ...outputOptions(dir), format: 'esm', entryFileNames: '[name].mjs' });
  await build.close();
  return nodeProcess('', { args: [join(dir, 'bundle.mjs')], ...rest });
}

/** Runs a process to its end and answers the lines of its output; throws what it wrote when it fails. */
export async function linesOf(host: LocalProcessHost, spec: ProcessSpec): Promise<string[]> {
  const lines: string[] = [];
  const errors: string[] = [];
  const started: LocalProcess = await host.start({
    ...spec,
    onLine: (line, stream) => (stream === 'stdout' ? lines : errors).push(line),
  });
  const { code, signal } = await started.exited;
  if (code !== 0) throw new Error(`${spec.label} ended with ${code ?? signal}: ${errors.join('\n')}`);
  return lines;
}
