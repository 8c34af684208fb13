import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import { z } from 'zod';
import { checkName, invalidArgument, unimplemented } from './errors.ts';
import { DAY, DurationMs, MINUTE, secondsAndNanos } from './time-values.ts';

/** A topic as the service keeps it: the resource's own field names, durations in milliseconds. */
export interface TopicConfig {
  name: string;
  labels: Record<string, string>;
  kmsKeyName: string;
  messageRetentionDuration?: number;
  messageStoragePolicy?: { allowedPersistenceRegions: string[]; enforceInTransit?: boolean | null };
}

/** The proto's enum value; the protos package isn't loaded at run time. */
const ACTIVE = 1;

const TopicInput = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).nullish(),
  kmsKeyName: z.string().nullish(),
  messageRetentionDuration: DurationMs.nullish(),
  messageStoragePolicy: z
    .object({ allowedPersistenceRegions: z.array(z.string()), enforceInTransit: z.boolean().nullish() })
    .nullish(),
  schemaSettings: z.unknown().optional(),
  ingestionDataSourceSettings: z.unknown().optional(),
  messageTransforms: z.array(z.unknown()).nullish(),
});

export const MUTABLE_TOPIC_FIELDS = [
  'labels',
  'message_storage_policy',
  'kms_key_name',
  'message_retention_duration',
] as const;

/**
 * Reads a topic from a gRPC request or from proto JSON.
 *
 * @throws INVALID_ARGUMENT for a malformed field, UNIMPLEMENTED for schemas, ingestion and transforms
 */
export function parseTopic(input: unknown): TopicConfig {
  const parsed = TopicInput.safeParse(input);
  if (!parsed.success) throw invalidArgument(`Invalid topic: ${z.prettifyError(parsed.error)}`);
  const topic = parsed.data;
  checkName('topics', topic.name);
  if (topic.schemaSettings) throw unimplemented('Topic.schema_settings');
  if (topic.ingestionDataSourceSettings) throw unimplemented('Topic.ingestion_data_source_settings');
  if (topic.messageTransforms?.length) throw unimplemented('Topic.message_transforms');
  const config: TopicConfig = {
    name: topic.name,
    labels: topic.labels ?? {},
    kmsKeyName: topic.kmsKeyName ?? '',
    messageRetentionDuration: topic.messageRetentionDuration ?? undefined,
    messageStoragePolicy: topic.messageStoragePolicy ?? undefined,
  };
  if (config.messageRetentionDuration !== undefined) checkRetention(config.messageRetentionDuration);
  return config;
}

/** @throws INVALID_ARGUMENT unless the duration (milliseconds) is between 10 minutes and 31 days */
export function checkRetention(milliseconds: number): void {
  if (milliseconds >= 10 * MINUTE && milliseconds <= 31 * DAY) return;
  throw invalidArgument(
    `Invalid message retention duration given (duration=${milliseconds / 1000}s): it must be between 10 minutes and 31 days.`,
  );
}

export function toTopic(config: TopicConfig): google.pubsub.v1.ITopic {
  const retention = config.messageRetentionDuration;
  return {
    ...config,
    messageRetentionDuration: retention === undefined ? undefined : secondsAndNanos(retention),
    state: ACTIVE,
  };
}
