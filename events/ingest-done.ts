import { z } from 'zod';
import { perTable, SnapshotDigests } from './artifact.ts';
import { defineEvent } from './contract.ts';
import { GcsUri } from './identifiers.ts';

export const IngestDone = defineEvent({
  name: 'ingest-done',
  type: 'dev.baton.ingest.done.v1',
  description:
    "Both tables are live and the run's immutable snapshot is exported. Published by `settle` for `ingest`.",
  data: z.object({
    model: z.string(),
    rows: perTable(z.number().int().positive()),
    rejected: perTable(z.number().int().nonnegative()).describe(
      'Lines that the transform marked as malformed; they are in `rejectsUri`, not in the tables.',
    ),
    rejectsUri: GcsUri.optional(),
    tables: perTable(z.string()).describe('`project.dataset.table`'),
    snapshot: perTable(GcsUri).describe(
      "Prefixes ending in `/`, each holding the table's rows in files of the workload's snapshot format, Parquet unless it says otherwise.",
    ),
    snapshotDigests: SnapshotDigests,
  }),
});
