import type { MessageBroker, MessageInput } from '../boundaries.ts';
import type { EventType, NotificationConfig } from './notification-config.ts';
import { objectResource, type StoredObject } from './object-resource.ts';
import type { StorageEngine, StorageEvent } from './storage-engine.ts';

/** One thing to tell subscribers; an overwrite tells of the new generation and of the old one's end. */
interface Announcement {
  eventType: EventType;
  object: StoredObject;
  links: Record<string, string>;
}

/**
 * Publishes the changes in buckets to the topics of their notification configs. `onUndelivered` hears of what a
 * topic would not take; the change itself stands.
 *
 * @param mayPublish throws when the agent of the bucket's project may not publish to the topic
 */
export function publishNotifications(
  engine: StorageEngine,
  broker: MessageBroker,
  onUndelivered: (notification: { bucket: string; config: NotificationConfig }, error: unknown) => void,
  mayPublish: (project: string, topic: string) => void = () => {},
): void {
  engine.onEvent((event) => {
    const { name, project } = event.bucket.resource;
    for (const announcement of announcements(event)) {
      for (const config of event.bucket.notifications) {
        if (!wants(config, announcement)) continue;
        try {
          mayPublish(project, config.topic);
          broker.publish(config.topic, [message(config, announcement, new Date(engine.nowMs()))]);
        } catch (error) {
          onUndelivered({ bucket: name, config }, error);
        }
      }
    }
  });
}

function announcements({ change, bucket, object, overwritten }: StorageEvent): Announcement[] {
  // Under versioning the live generation becomes noncurrent instead of being deleted.
  const end: EventType = bucket.resource.versioning?.enabled ? 'OBJECT_ARCHIVE' : 'OBJECT_DELETE';
  if (change === 'OBJECT_DELETE') return [{ eventType: end, object, links: {} }];
  if (!overwritten) return [{ eventType: change, object, links: {} }];
  return [
    { eventType: change, object, links: { overwroteGeneration: overwritten.generation } },
    { eventType: end, object: overwritten, links: { overwrittenByGeneration: object.generation } },
  ];
}

function wants(config: NotificationConfig, { eventType, object }: Announcement): boolean {
  const { event_types: eventTypes, object_name_prefix: prefix } = config;
  return (!eventTypes?.length || eventTypes.includes(eventType)) && object.name.startsWith(prefix ?? '');
}

function message(config: NotificationConfig, announcement: Announcement, time: Date): MessageInput {
  const { eventType, object, links } = announcement;
  const attributes = {
    ...config.custom_attributes,
    notificationConfig: `projects/_/buckets/${object.bucket}/notificationConfigs/${config.id}`,
    eventType,
    payloadFormat: config.payload_format,
    bucketId: object.bucket,
    objectId: object.name,
    objectGeneration: object.generation,
    eventTime: time.toISOString(),
    ...links,
  };
  if (config.payload_format === 'NONE') return { attributes };
  return { attributes, data: Buffer.from(JSON.stringify(objectResource(object))) };
}
