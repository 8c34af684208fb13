import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { runIdOf, toPubsubMessage, topicOf } from '../events/index.ts';
import { newestDrop } from '../handlers/newest-drop.ts';
import { operator } from '../ops/operator.ts';
import { runRequest } from '../ops/replay/run-request.ts';
import { REPOSITORY_ROOT } from './built-images.ts';
import { commit } from './commit.ts';

/** Of the stack's outputs, as `npm run release:up` keeps them, what says where runs are asked for. */
const Outputs = z.object({ project: z.string(), bucket: z.string(), model: z.string() });

/**
 * Asks for a run over the newest drop by what was just released. The run's id follows from the drop and the commit: to
 * release a commit again asks for the same run, and another commit for another, though the files be the same.
 */
async function startFirstRun({ stack, outputs }: { stack: string; outputs?: string }): Promise<void> {
  const file = outputs ?? join(REPOSITORY_ROOT, 'dist', `${stack}.json`);
  const { project, bucket, model } = Outputs.parse(JSON.parse(await readFile(file, 'utf8')));
  const drop = await newestDrop(bucket);
  if (!drop) {
    process.stdout.write(
      `no drop is complete in gs://${bucket}/datasets/: the first that lands starts the first run\n`,
    );
    return;
  }
  const released = await commit();
  const occasion = `release ${released}`;
  const { name, generations } = drop;
  const run = runIdOf(name, generations, occasion);
  const reason = `commit ${released.slice(0, 12)} was released`;
  const request = { run, model, bucket, drop: name, generations, reason, occasion };
  const { Storage } = await import('@google-cloud/storage');
  const starter = await operator(new Storage().authClient);
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub({ projectId: project });
  await client
    .topic(topicOf('run-requested'))
    .publishMessage(toPubsubMessage(runRequest(request, project, new Date(), starter)));
  await client.close();
  process.stdout.write(`asked for the run ${run} over the drop ${name}\n`);
}

const command = new Command('first-run')
  .description('Starts the first run after a release, over the newest drop.')
  .requiredOption('--stack <name>', 'nonprod or dev')
  .option('--outputs <file>', "the stack's outputs (default: dist/<stack>.json)")
  .action(startFirstRun);

try {
  await command.parseAsync();
} catch (error) {
  command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
}
