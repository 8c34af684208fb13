import type { ComponentResourceOptions } from '@pulumi/pulumi';
import type { Tenant } from '../../events/stage.ts';
import { EVENT_TOPICS, type EventName } from '../../events/topics.ts';
import { EventTopic, type TopicArgs } from './event-topic.ts';
import type { Grants } from './grants.ts';

/** Declares the topics of the events that a tenant has, by event. */
export function declareEventTopics(
  tenant: Tenant,
  args: TopicArgs,
  opts?: ComponentResourceOptions,
): Map<EventName, EventTopic> {
  const names = (Object.keys(EVENT_TOPICS) as EventName[]).filter((name) =>
    (EVENT_TOPICS[name] as readonly Tenant[]).includes(tenant),
  );
  return new Map(names.map((name) => [name, new EventTopic(name, args, opts)]));
}

/** The grants of a handler that publishes these events; any handler may also be parked. */
export function mayPublish(topics: Map<EventName, EventTopic>, ...events: EventName[]): Grants['topics'] {
  return [...events, 'parked' as const].map((name) => ({
    name,
    topic: topics.get(name)!.topic,
    role: 'roles/pubsub.publisher',
  }));
}
