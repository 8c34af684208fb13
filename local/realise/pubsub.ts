import { z } from 'zod';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

const Subscription = z.looseObject({ project: z.string(), name: z.string(), topic: z.string() });

/** Pulumi's properties of topics and subscriptions have the names and forms of the API's JSON. */
export function realiseTopic(resource: DeclaredResource, cloud: RealisableCloud): void {
  const { project: _project, ...topic } = resource.inputs;
  cloud.pubsub.declareTopic({ ...topic, name: resource.id });
}

export function realiseSubscription(resource: DeclaredResource, cloud: RealisableCloud): void {
  const { project, topic: given, ...subscription } = read(resource, Subscription);
  const topic = given.includes('/') ? given : `projects/${project}/topics/${given}`;
  cloud.iam?.authorize({
    principal: cloud.iam.deployer(resource.stack),
    permission: 'pubsub.topics.attachSubscription',
    resource: `//pubsub.googleapis.com/${topic}`,
  });
  cloud.pubsub.declareSubscription({
    ...subscription,
    name: `projects/${project}/subscriptions/${subscription.name}`,
    topic,
  });
}
