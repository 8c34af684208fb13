import { z } from 'zod';
import { defineEvent } from './contract.ts';
import { GcsUri } from './identifiers.ts';

const perTable = <Value extends z.ZodType>(value: Value) => z.object({ train: value, eval: value });

/** Both tables are live and the run's immutable snapshot is exported. Published by `settle` for `ingest`. */
export const IngestDone = defineEvent({
  name: 'ingest-done',
  type: 'dev.baton.ingest.done.v1',
  data: z.object({
    model: z.string(),
    rows: perTable(z.number().int().positive()),
    /** Lines that the transform marked as malformed; they are in `rejectsUri`, not in the tables. */
    rejected: perTable(z.number().int().nonnegative()),
    rejectsUri: GcsUri.optional(),
    /** `project.dataset.table` */
    tables: perTable(z.string()),
    /** Prefixes ending in `/`, each holding the table's rows as Parquet files. */
    snapshot: perTable(GcsUri),
  }),
});
