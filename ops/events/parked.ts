import type { Storage } from '@google-cloud/storage';
import { AttemptKey, layout, ParkedMessage, type Tenant } from '../../events/index.ts';
import { readRecord, unlessMalformed } from '../runs/objects.ts';
import type { Buckets } from '../runs/run-view.ts';

/** A message that no handler took, as it lies in a tenant's bucket. */
export interface ParkedView {
  /** Pub/Sub's id of the message. */
  id: string;
  tenant: Tenant;
  /** The subscription's short name. */
  subscription: string;
  code: string;
  reason: string;
  advice: string;
  parkedAt: string;
  deliveries?: number;
  /** The attempt that it was for, where it could be told. */
  attempt?: AttemptKey;
  /** When it was published again, and as which message. */
  redriven?: { at: string; by: string; as: string };
  object: string;
}

/** A parked message with its bytes, and the version of its mark that a redrive must find unchanged. */
export interface StoredMessage {
  view: ParkedView;
  message: ParkedMessage['message'];
  metageneration: string;
}

interface ObjectMetadata {
  metageneration: string;
  metadata?: Record<string, string>;
}

/**
 * The parked messages of both tenants, by tenant, subscription and id; of one subscription when one is given.
 *
 * @param tell hears of those that cannot be read
 */
export async function* listParked(
  storage: Storage,
  buckets: Buckets,
  tell: (problem: string) => void,
  subscription?: string,
): AsyncGenerator<StoredMessage> {
  const prefix = layout.parkedPrefix + (subscription ? `${subscription}/` : '');
  // A project that plays both tenants has one bucket.
  const tenants = buckets.nonprod === buckets.prod ? (['nonprod'] as const) : (['nonprod', 'prod'] as const);
  for (const tenant of tenants) {
    const files = storage.bucket(buckets[tenant]).getFilesStream({ prefix });
    for await (const file of files as AsyncIterable<{ name: string; metadata: ObjectMetadata }>) {
      const stored = await unlessMalformed(readParked(storage, buckets, tenant, file), tell);
      if (stored) yield stored;
    }
  }
}

async function readParked(
  storage: Storage,
  buckets: Buckets,
  tenant: Tenant,
  { name, metadata }: { name: string; metadata: ObjectMetadata },
): Promise<StoredMessage | undefined> {
  const parked = await readRecord(storage, buckets[tenant], name, ParkedMessage);
  if (!parked) return undefined;
  const { message, code, reason, advice, parkedAt, deliveries } = parked;
  const subscription = parked.subscription.split('/').at(-1) ?? parked.subscription;
  const { redrivenAt: at, redrivenBy: by, redrivenAs: as } = metadata.metadata ?? {};
  return {
    message,
    metageneration: String(metadata.metageneration),
    view: {
      id: message.messageId,
      tenant,
      ...{ subscription, code, reason, advice, parkedAt, deliveries },
      attempt: parked.attempt ?? attemptOf(message, subscription),
      ...(at && { redriven: { at, by, as } }),
      object: `gs://${buckets[tenant]}/${name}`,
    },
  };
}

/** The attempt that a run's event asks for: its subscription has the name of the stage. */
function attemptOf({ attributes }: ParkedMessage['message'], subscription: string): AttemptKey | undefined {
  const { 'ce-correlationid': run, 'ce-attempt': attempt } = attributes;
  return AttemptKey.safeParse({ run, stage: subscription, attempt: Number(attempt) }).data;
}
