import type { Access, CallContext } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { actAs, on, type Rule, type ServiceRules, type VertexAgent } from './method-rule.ts';
import { VERTEX_RULES } from './vertex-methods.ts';

const pubsub = (permission: string, name: string) => on('pubsub', `pubsub.${permission}`, name);
const dataflow = (permission: string, project: string) =>
  on('dataflow', `dataflow.${permission}`, `projects/${project}`);
const scheduler = (permission: string, name: string) =>
  on('cloudscheduler', `cloudscheduler.jobs.${permission}`, name);
const projectOf = (name: string) => name.split('/').slice(0, 2).join('/');

const PUBLISHER: Record<string, Rule> = {
  CreateTopic: ({ name }) => [pubsub('topics.create', projectOf(name))],
  UpdateTopic: ({ topic }) => [pubsub('topics.update', topic.name)],
  GetTopic: ({ topic }) => [pubsub('topics.get', topic)],
  DeleteTopic: ({ topic }) => [pubsub('topics.delete', topic)],
  ListTopics: ({ project }) => [pubsub('topics.list', project)],
  ListTopicSubscriptions: ({ topic }) => [pubsub('topics.get', topic)],
  ListTopicSnapshots: ({ topic }) => [pubsub('topics.get', topic)],
  Publish: ({ topic }) => [pubsub('topics.publish', topic)],
  DetachSubscription: ({ subscription }) => [pubsub('subscriptions.update', subscription)],
};

const SUBSCRIBER: Record<string, Rule> = {
  CreateSubscription: ({ name, topic, pushConfig, bigqueryConfig }) => [
    pubsub('subscriptions.create', projectOf(name)),
    pubsub('topics.attachSubscription', topic),
    ...actAs(pushConfig?.oidcToken?.serviceAccountEmail),
    ...actAs(bigqueryConfig?.serviceAccountEmail),
  ],
  GetSubscription: ({ subscription }) => [pubsub('subscriptions.get', subscription)],
  UpdateSubscription: ({ subscription }) => [
    pubsub('subscriptions.update', subscription.name),
    ...actAs(subscription.pushConfig?.oidcToken?.serviceAccountEmail),
    ...actAs(subscription.bigqueryConfig?.serviceAccountEmail),
  ],
  ListSubscriptions: ({ project }) => [pubsub('subscriptions.list', project)],
  DeleteSubscription: ({ subscription }) => [pubsub('subscriptions.delete', subscription)],
  ModifyPushConfig: ({ subscription, pushConfig }) => [
    pubsub('subscriptions.update', subscription),
    ...actAs(pushConfig?.oidcToken?.serviceAccountEmail),
  ],
  Pull: ({ subscription }) => [pubsub('subscriptions.consume', subscription)],
  StreamingPull: ({ subscription }) => [pubsub('subscriptions.consume', subscription)],
  Acknowledge: ({ subscription }) => [pubsub('subscriptions.consume', subscription)],
  ModifyAckDeadline: ({ subscription }) => [pubsub('subscriptions.consume', subscription)],
  CreateSnapshot: ({ name, subscription }) => [
    pubsub('snapshots.create', projectOf(name)),
    pubsub('subscriptions.consume', subscription),
  ],
  GetSnapshot: ({ snapshot }) => [pubsub('snapshots.get', snapshot)],
  UpdateSnapshot: ({ snapshot }) => [pubsub('snapshots.update', snapshot.name)],
  ListSnapshots: ({ project }) => [pubsub('snapshots.list', project)],
  DeleteSnapshot: ({ snapshot }) => [pubsub('snapshots.delete', snapshot)],
  Seek: ({ subscription, snapshot }) => [
    pubsub('subscriptions.consume', subscription),
    ...(snapshot ? [pubsub('snapshots.seek', snapshot)] : []),
  ],
};

const DATAFLOW: Record<string, Rule> = {
  'TemplatesService/LaunchTemplate': ({ projectId, launchParameters }) => [
    dataflow('jobs.create', projectId),
    ...actAs(launchParameters?.environment?.serviceAccountEmail),
  ],
  'TemplatesService/CreateJobFromTemplate': ({ projectId, environment }) => [
    dataflow('jobs.create', projectId),
    ...actAs(environment?.serviceAccountEmail),
  ],
  'TemplatesService/GetTemplate': ({ projectId }) => [dataflow('jobs.create', projectId)],
  'FlexTemplatesService/LaunchFlexTemplate': ({ projectId, launchParameter }) => [
    dataflow('jobs.create', projectId),
    ...actAs(launchParameter?.environment?.serviceAccountEmail),
  ],
  'JobsV1Beta3/GetJob': ({ projectId }) => [dataflow('jobs.get', projectId)],
  'JobsV1Beta3/ListJobs': ({ projectId }) => [dataflow('jobs.list', projectId)],
  'JobsV1Beta3/AggregatedListJobs': ({ projectId }) => [dataflow('jobs.list', projectId)],
  'JobsV1Beta3/UpdateJob': ({ projectId }) => [dataflow('jobs.cancel', projectId)],
  'MessagesV1Beta3/ListJobMessages': ({ projectId }) => [dataflow('messages.list', projectId)],
  'MetricsV1Beta3/GetJobMetrics': ({ projectId }) => [dataflow('metrics.get', projectId)],
};

const SCHEDULER: Record<string, Rule> = {
  CreateJob: ({ parent, job }) => [
    scheduler('create', parent),
    ...actAs(job?.httpTarget?.oidcToken?.serviceAccountEmail),
  ],
  GetJob: ({ name }) => [scheduler('get', name)],
  ListJobs: ({ parent }) => [scheduler('list', parent)],
  UpdateJob: ({ job }) => [
    scheduler('update', job.name),
    ...actAs(job.httpTarget?.oidcToken?.serviceAccountEmail),
  ],
  DeleteJob: ({ name }) => [scheduler('delete', name)],
  PauseJob: ({ name }) => [scheduler('pause', name)],
  ResumeJob: ({ name }) => [scheduler('enable', name)],
  RunJob: ({ name }) => [scheduler('run', name)],
};

const LOGGING: Record<string, Rule> = {
  WriteLogEntries: ({ logName, entries }) => {
    const names: string[] = [logName, ...entries.map((entry: { logName?: string }) => entry.logName)];
    const projects = new Set(names.filter(Boolean).map(projectOf));
    return [...projects].map((project) => on('logging', 'logging.logEntries.create', project));
  },
  ListLogEntries: ({ resourceNames }) =>
    resourceNames.map((name: string) => on('logging', 'logging.logEntries.list', name)),
  ListLogs: ({ parent }) => [on('logging', 'logging.logs.list', parent)],
};

const MONITORING: Record<string, Rule> = {
  ListTimeSeries: ({ name }) => [on('monitoring', 'monitoring.timeSeries.list', name)],
};

const RULES_OF_SERVICES: ServiceRules = {
  'google.pubsub.v1.Publisher/': PUBLISHER,
  'google.pubsub.v1.Subscriber/': SUBSCRIBER,
  ...VERTEX_RULES,
  'google.dataflow.v1beta3.': DATAFLOW,
  'google.cloud.scheduler.v1.CloudScheduler/': SCHEDULER,
  'google.logging.v2.LoggingServiceV2/': LOGGING,
  'google.monitoring.v3.MetricService/': MONITORING,
};

const RULES = new Map<string, Rule>(
  Object.entries(RULES_OF_SERVICES).flatMap(([prefix, rules]) =>
    Object.entries(rules).map(([name, rule]) => [prefix + name, rule] as const),
  ),
);

/**
 * The accesses that a gRPC call needs: its caller's, and those of the agents that act for it.
 *
 * @throws StatusError PERMISSION_DENIED for a method without a rule: nothing is served unchecked
 */
export function accessesOf({ method, caller }: CallContext, request: object, agentOf: VertexAgent): Access[] {
  const rule = RULES.get(method);
  if (!rule) {
    throw new StatusError(
      'PERMISSION_DENIED',
      `${method} has no rule in local/iam/methods.ts, so nobody may call it.`,
    );
  }
  return rule(request, agentOf).map((needs) => ({ principal: caller.principal, ...needs }));
}

/** The gRPC methods that have a rule. */
export const METHODS: ReadonlySet<string> = new Set(RULES.keys());
