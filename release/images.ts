import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Command, Option } from 'commander';
import {
  BUILT_IMAGES,
  type BuiltImages,
  builtImages,
  REPOSITORY_ROOT,
  ROLES,
  type Role,
} from './built-images.ts';
import { commit } from './commit.ts';

const run = promisify(execFile);

interface Options {
  repository: string;
  workload: string;
  role: Role[];
  push: boolean;
}

/** Builds the images of a workload's roles, pushes them, and keeps the digest that the registry gave each. */
async function buildImages({ repository, workload, role: roles, push }: Options): Promise<void> {
  const built: BuiltImages = {};
  for (const role of roles) {
    const dockerfile = join('workloads', workload, role, 'Dockerfile');
    if (!existsSync(join(REPOSITORY_ROOT, dockerfile))) throw new Error(`there is no ${dockerfile}`);
    // A tag tells people where an image came from; what gets deployed is the digest.
    const tag = `${repository}/${workload}-${role}:${(await commit()).slice(0, 12)}`;
    await docker('build', '--file', dockerfile, '--tag', tag, '.');
    if (!push) continue;
    await docker('push', tag);
    const { stdout } = await run('docker', ['inspect', '--format', '{{index .RepoDigests 0}}', tag]);
    built[role] = stdout.trim();
  }
  if (push) await keep(built);
}

async function docker(...command: string[]): Promise<void> {
  process.stderr.write(`docker ${command.join(' ')}\n`);
  const child = run('docker', command, { cwd: REPOSITORY_ROOT, maxBuffer: 64 * 2 ** 20 });
  child.child.stdout?.pipe(process.stderr);
  child.child.stderr?.pipe(process.stderr);
  await child;
}

async function keep(built: BuiltImages): Promise<void> {
  await mkdir(dirname(BUILT_IMAGES), { recursive: true });
  const all = { ...(await builtImages()), ...built };
  await writeFile(BUILT_IMAGES, `${JSON.stringify(all, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
}

const command = new Command('images')
  .description('Builds the images of a workload and pushes them to an Artifact Registry repository.')
  .requiredOption('--repository <name>', 'REGION-docker.pkg.dev/PROJECT/REPOSITORY')
  .addOption(new Option('--role <roles...>', 'what to build').choices(ROLES.options).makeOptionMandatory())
  .option('--workload <folder>', 'a folder of workloads/', 'census')
  .option('--push', 'push what was built, and keep the digests in dist/images.json', false)
  .action(buildImages);

try {
  await command.parseAsync();
} catch (error) {
  command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
}
