import type { ComponentResourceOptions } from '@pulumi/pulumi';
import type { Tenant } from '../../events/stage.ts';
import { EVENT_TOPICS, type EventName } from '../../events/topics.ts';
import { EventTopic, type TopicArgs } from './event-topic.ts';
import type { Grants } from './grants.ts';

export type EventTopics = Map<EventName, EventTopic>;

/** Declares the topics of the events that a project has which plays the parts of these tenants, by event. */
export function declareEventTopics(
  tenants: Tenant[],
  args: TopicArgs,
  opts?: ComponentResourceOptions,
): EventTopics {
  const names = (Object.keys(EVENT_TOPICS) as (keyof typeof EVENT_TOPICS)[]).filter((name) =>
    (EVENT_TOPICS[name] as readonly Tenant[]).some((tenant) => tenants.includes(tenant)),
  );
  return new Map(names.map((name) => [name, new EventTopic(name, args, opts)]));
}

/** The grant to publish one event. */
export const publisher = (topics: EventTopics, name: EventName, why: string) => ({
  ...{ name, topic: topics.get(name)!.topic, role: 'roles/pubsub.publisher', why },
});

/** The grants of a stage that publishes these events; any stage may also be parked. */
export function mayPublish(topics: EventTopics, ...events: EventName[]): Grants['topics'] {
  return [...events, 'parked' as const].map((name) => publisher(topics, name, `publishes ${name} events`));
}
