import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalWorkspace, type Stack } from '@pulumi/pulumi/automation/index.js';
import { Command } from 'commander';
import { builtImages, imagesFor, REPOSITORY_ROOT } from './built-images.ts';
import { commit } from './commit.ts';

/** The steps of a release that need Pulumi, one command each; the pipelines in `cloudbuild/` run them in order. */

interface Options {
  stack: string;
}

const show = (output: string) => process.stderr.write(output);

const select = ({ stack }: Options): Promise<Stack> =>
  LocalWorkspace.selectStack({ stackName: stack, workDir: join(REPOSITORY_ROOT, 'infra') });

/**
 * Puts into the stack's config what is released: the commit, and the digests of the images, of those just pushed and
 * else of those it has.
 */
async function configure(options: Options): Promise<void> {
  const stack = await select(options);
  const { value: project } = await stack.getConfig('gcp:project');
  const { images: deployed } = await stack.outputs();
  const images = imagesFor(project, deployed?.value ?? {}, await builtImages());
  await stack.setConfig('baton:commit', { value: await commit() });
  for (const [role, image] of Object.entries(images)) {
    await stack.setConfig(`baton:${role}Image`, { value: image });
    show(`baton:${role}Image ${image}\n`);
  }
}

async function preview(options: Options): Promise<void> {
  await (await select(options)).preview({ onOutput: show, diff: true });
}

/** Brings the environment to what the program declares, and keeps the outputs for the command line. */
async function up(options: Options): Promise<void> {
  const { outputs } = await (await select(options)).up({ onOutput: show });
  const values = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  const file = join(REPOSITORY_ROOT, 'dist', `${options.stack}.json`);
  await mkdir(join(REPOSITORY_ROOT, 'dist'), { recursive: true });
  await writeFile(file, `${JSON.stringify(values, null, 2)}\n`);
  show(`the stack's outputs are in ${file}\n`);
}

const program = new Command('stack').description('Releases a stack of infra/ with Pulumi.');
const commands = { configure, preview, up };
for (const [name, action] of Object.entries(commands)) {
  program.command(name).requiredOption('--stack <name>', 'nonprod, prod or dev').action(action);
}
try {
  await program.parseAsync();
} catch (error) {
  program.error(`error: ${error instanceof Error ? error.message : String(error)}`);
}
