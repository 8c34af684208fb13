import type { PubSub, SubscriptionMetadata } from '@google-cloud/pubsub';
import { z } from 'zod';
import type { RecordedResource } from '../../local/program/recorded.ts';
import type { Declaration } from './declaration.ts';
import { DEPLOY_AGAIN, examine, type Finding, failure, type Problem, warning } from './finding.ts';
import type { Google } from './google.ts';

/**
 * Whether each subscription is attached and active, pushes to its function, and its dead letters are heard of.
 *
 * @param addresses of the functions, by those that the program was recorded with
 */
export async function examineSubscriptions(
  declaration: Declaration,
  addresses: Map<string, string>,
): Promise<Finding[]> {
  const { PubSub } = await import('@google-cloud/pubsub');
  const pubsub = new PubSub();
  const declared = declaration.ofType('gcp:pubsub/subscription:Subscription');
  const findings = await Promise.all(
    declared.map((resource) =>
      examine('subscription', resource.id, () => problemOf(resource, { pubsub, addresses })),
    ),
  );
  await pubsub.close();
  return findings;
}

async function problemOf(
  { id, inputs }: RecordedResource,
  { pubsub, addresses }: { pubsub: PubSub; addresses: Map<string, string> },
): Promise<Problem | undefined> {
  const [found] = await pubsub.subscription(id).getMetadata();
  const metadata = found as SubscriptionMetadata;
  const push = inputs.pushConfig as { pushEndpoint: string } | undefined;
  const endpoint = push && (addresses.get(push.pushEndpoint) ?? push.pushEndpoint);
  return attachmentProblem(metadata, endpoint) ?? (await deadLetterProblem(metadata, pubsub));
}

function attachmentProblem(
  metadata: SubscriptionMetadata,
  endpoint: string | undefined,
): Problem | undefined {
  if (metadata.detached || metadata.topic === '_deleted-topic_') {
    return failure('it has no topic any more, and hears of nothing', DEPLOY_AGAIN);
  }
  if (metadata.state !== 'ACTIVE') {
    const state = metadata.bigqueryConfig?.state;
    return failure(
      `its state is ${metadata.state}${state ? `, of the table ${state}` : ''}`,
      'Correct the table or the grant on it; the messages wait.',
    );
  }
  const pushesTo = metadata.pushConfig?.pushEndpoint || undefined;
  if (pushesTo !== endpoint) {
    return failure(`it pushes to ${pushesTo ?? 'nobody'} instead of ${endpoint ?? 'nobody'}`, DEPLOY_AGAIN);
  }
  return metadata.expirationPolicy?.ttl
    ? warning('it expires when nothing passes for a while', DEPLOY_AGAIN)
    : undefined;
}

async function deadLetterProblem(
  metadata: SubscriptionMetadata,
  pubsub: PubSub,
): Promise<Problem | undefined> {
  const topic = metadata.deadLetterPolicy?.deadLetterTopic;
  if (!topic) return undefined;
  const [heard] = await pubsub.topic(topic).getSubscriptions();
  if (heard.length > 0) return undefined;
  return failure(`its dead-letter topic ${topic} has no subscription: dead letters are lost`, DEPLOY_AGAIN);
}

const METRIC = 'pubsub.googleapis.com/subscription/oldest_unacked_message_age';
/** Cloud Monitoring gets a point a minute, a few minutes late. */
const WINDOW_MS = 10 * 60_000;
const TimeSeries = z.object({
  timeSeries: z
    .array(
      z.object({
        resource: z.object({ labels: z.object({ subscription_id: z.string() }) }),
        points: z.array(z.object({ value: z.object({ int64Value: z.coerce.number() }) })),
      }),
    )
    .default([]),
});

/** Whether messages wait longer than the program's alert allows, by what Cloud Monitoring knows. */
export function examineBacklogs(declaration: Declaration, google: Google): Promise<Finding[]> {
  const [alert] = declaration.ofType('gcp:monitoring/alertPolicy:AlertPolicy').filter(isUnackedAlert);
  const [{ conditionThreshold }] = alert.inputs.conditions as [
    { conditionThreshold: { thresholdValue: number } },
  ];
  return Promise.all(
    declaration.projects().map((project) =>
      examine('backlog', `projects/${project}`, async () => {
        const late = (await oldestMessages(project, google)).filter(
          ({ seconds }) => seconds > conditionThreshold.thresholdValue,
        );
        if (late.length === 0) return undefined;
        const cause = late.map(({ name, seconds }) => `${name}: ${seconds} s`).join(', ');
        return warning(`messages wait for long: ${cause}`, 'See docs/runbook.md.');
      }),
    ),
  );
}

const isUnackedAlert = ({ name }: RecordedResource) => name === 'alert-unacked';

async function oldestMessages(project: string, google: Google): Promise<{ name: string; seconds: number }[]> {
  const now = Date.now();
  const query = new URLSearchParams({
    filter: `metric.type="${METRIC}"`,
    'interval.startTime': new Date(now - WINDOW_MS).toISOString(),
    'interval.endTime': new Date(now).toISOString(),
  });
  const url = `https://monitoring.googleapis.com/v3/projects/${project}/timeSeries?${query}`;
  const { timeSeries } = await google.call(url, TimeSeries);
  // The newest point comes first.
  return timeSeries.map(({ resource, points }) => ({
    name: resource.labels.subscription_id,
    seconds: points[0]?.value.int64Value ?? 0,
  }));
}
