import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { StatusError } from '../status.ts';

const EventType = z.enum(['OBJECT_FINALIZE', 'OBJECT_DELETE', 'OBJECT_METADATA_UPDATE', 'OBJECT_ARCHIVE']);
export type EventType = z.infer<typeof EventType>;

const PUBSUB = '//pubsub.googleapis.com/';

const NotificationInput = z.object({
  topic: z
    .string()
    .transform((topic) => (topic.startsWith(PUBSUB) ? topic.slice(PUBSUB.length) : topic))
    .pipe(
      z
        .string()
        .regex(/^projects\/[^/]+\/topics\/[^/]+$/, 'must be //pubsub.googleapis.com/projects/…/topics/…'),
    ),
  payload_format: z.enum(['JSON_API_V1', 'NONE']),
  event_types: z.array(EventType).optional(),
  object_name_prefix: z.string().optional(),
  custom_attributes: z.record(z.string(), z.string()).optional(),
});

/** A bucket's wish to tell a topic of its objects' changes, in the JSON API's own field names. */
export interface NotificationConfig {
  id: string;
  /** `projects/<project>/topics/<topic>` */
  topic: string;
  payload_format: 'JSON_API_V1' | 'NONE';
  event_types?: EventType[] | undefined;
  object_name_prefix?: string | undefined;
  custom_attributes?: Record<string, string> | undefined;
}

/** A notification as a program declares it; absent event types mean all of them. */
export interface NotificationDeclaration {
  /** `projects/<project>/topics/<topic>`, with or without `//pubsub.googleapis.com/` before it. */
  topic: string;
  payloadFormat?: 'JSON_API_V1' | 'NONE';
  eventTypes?: EventType[];
  objectNamePrefix?: string;
  customAttributes?: Record<string, string>;
}

/** Reads a notification config from a request. Throws INVALID_ARGUMENT. */
export function readNotification(body: unknown): Omit<NotificationConfig, 'id'> {
  const parsed = NotificationInput.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new StatusError('INVALID_ARGUMENT', `Invalid notification config: ${z.prettifyError(parsed.error)}`, {
    reason: 'invalid',
  });
}

/** The request that a declaration stands for. */
export function declaredNotification(declaration: NotificationDeclaration): Omit<NotificationConfig, 'id'> {
  return readNotification({
    topic: declaration.topic,
    payload_format: declaration.payloadFormat ?? 'JSON_API_V1',
    event_types: declaration.eventTypes,
    object_name_prefix: declaration.objectNamePrefix,
    custom_attributes: declaration.customAttributes,
  });
}

/** The notification resource as the JSON API answers it. */
export function notificationResource(bucket: string, config: NotificationConfig): Record<string, unknown> {
  return {
    kind: 'storage#notification',
    selfLink: `https://www.googleapis.com/storage/v1/b/${bucket}/notificationConfigs/${config.id}`,
    ...config,
    topic: `${PUBSUB}${config.topic}`,
    etag: config.id,
  };
}

/** Whether both ask for the same messages, whatever their ids. */
export function isSameNotification(
  a: Omit<NotificationConfig, 'id'>,
  b: Omit<NotificationConfig, 'id'>,
): boolean {
  return isDeepStrictEqual(wishes(a), wishes(b));
}

function wishes(config: Omit<NotificationConfig, 'id'>): object {
  const present = Object.entries(config).filter(([field, value]) => field !== 'id' && value !== undefined);
  return Object.fromEntries(present);
}
