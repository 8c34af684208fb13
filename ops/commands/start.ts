import type { Command } from 'commander';
import { DROP_FILES, layout, runIdOf, toPubsubMessage, topicOf } from '../../events/index.ts';
import { operator } from '../operator.ts';
import { runRequest } from '../replay/run-request.ts';
import { readRun } from '../runs/run-view.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { inSession, type Session } from './session.ts';

export function addStartCommand(runs: Command): void {
  runs
    .command('start')
    .description('asks for a run of a drop that lies in the bucket')
    .argument('<drop>', "the drop's folder below datasets/")
    .option('--model <name>', "the model that the run is for (default: the stack's)")
    .option('--reason <text>', 'why, for the record')
    .option('--dry-run', 'print the event, and send nothing', false)
    .action(
      inSession(
        async (session, options: { model?: string; reason?: string; dryRun: boolean }, drop: string) => {
          const { storage, buckets, output, environment, clients } = session;
          const generations = await generationsOf(session, drop);
          const run = runIdOf(drop, generations);
          const view = await readRun(storage, buckets, run);
          if (view.record) {
            throw new CommandError(
              EXIT.refused,
              `these files have started ${run} before, which is ${view.state}: \`baton runs replay ${run} --from prepare\` runs it again`,
            );
          }
          const { project, model: ofStack } = environment.nonprod;
          const { model = ofStack, reason, dryRun } = options;
          const request = { run, model, bucket: buckets.nonprod, drop, generations, reason };
          const starter = await operator(storage.authClient);
          const event = runRequest(request, project, new Date(), starter);
          if (!dryRun) {
            const topic = (await clients.pubsub('nonprod')).topic(topicOf('run-requested'));
            await topic.publishMessage(toPubsubMessage(event));
          }
          output.data({ run, sent: !dryRun, event }, () => run);
          return EXIT.ok;
        },
      ),
    );
}

/** The generations of a drop's two files as they lie there now. */
async function generationsOf({ storage, buckets }: Session, drop: string) {
  const generation = async (file: string) => {
    const object = storage.bucket(buckets.nonprod).file(layout.drop(drop) + file);
    const [exists] = await object.exists();
    if (!exists) throw new CommandError(EXIT.notFound, `there is no gs://${buckets.nonprod}/${object.name}`);
    const [metadata] = await object.getMetadata();
    return String(metadata.generation);
  };
  return { train: await generation(DROP_FILES.train), eval: await generation(DROP_FILES.eval) };
}
