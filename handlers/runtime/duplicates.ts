import { type AttemptRecord, type DuplicateRecord, layout } from '../../events/index.ts';
import { writeJson } from './objects.ts';

/** Records a delivery that found nothing left to do, once however often it comes. */
export async function recordDuplicate(
  bucket: string,
  { run, stage, attempt, cause: answered }: AttemptRecord,
  delivered: AttemptRecord['cause'],
  now: Date,
): Promise<void> {
  const record: DuplicateRecord = {
    ...{ run, stage, attempt },
    ...delivered,
    duplicateOf: answered.deliveryId,
    receivedAt: now.toISOString(),
  };
  await writeJson(bucket, layout.duplicate(record, delivered.deliveryId), record, '0');
}
