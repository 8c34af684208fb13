import { args, expectObjects, needed, work, write, writeMarker } from '../container.ts';

/** Learns nothing: the model is its answer to everything, and whose it is. Without anything to learn from, the job fails. */
await Promise.all([expectObjects(needed('--train', args.train)), work()]);
await write(`${needed('AIP_MODEL_DIR', process.env.AIP_MODEL_DIR)}model.json`, {
  answer: 0.5,
  run: process.env.BATON_RUN,
});
await writeMarker();
