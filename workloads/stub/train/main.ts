import { needed, work, write, writeMarker } from '../container.ts';

/** Learns nothing: the model is its answer to everything, and whose it is. */
await work();
await write(`${needed('AIP_MODEL_DIR', process.env.AIP_MODEL_DIR)}model.json`, {
  answer: 0.5,
  run: process.env.BATON_RUN,
});
await writeMarker();
