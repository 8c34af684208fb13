import { needed, work, write, writeMarker } from '../container.ts';

/** Learns nothing: the model is its answer to everything. */
await work();
await write(`${needed('AIP_MODEL_DIR', process.env.AIP_MODEL_DIR)}model.json`, { answer: 0.5 });
await writeMarker();
