import type { Access, CallContext } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { serviceAccountResource } from './resource-name.ts';
import { vertexReads } from './vertex-reads.ts';

/** What one call needs, of its caller and of the agents that act on its behalf. */
type Needs = Omit<Access, 'principal'> & { principal?: string };
// biome-ignore lint/suspicious/noExplicitAny: each method has its own message type.
type Rule = (request: any, agentOf: VertexAgent) => Needs[];
/** The IAM principal of Vertex AI's agent in a project. */
export type VertexAgent = (project: string) => string;

const on = (service: string, permission: string, name: string): Needs => ({
  permission,
  resource: `//${service}.googleapis.com/${name}`,
});
const pubsub = (permission: string, name: string) => on('pubsub', `pubsub.${permission}`, name);
const vertex = (permission: string, name: string) => on('aiplatform', `aiplatform.${permission}`, name);
const dataflow = (permission: string, project: string) =>
  on('dataflow', `dataflow.${permission}`, `projects/${project}`);
const scheduler = (permission: string, name: string) =>
  on('cloudscheduler', `cloudscheduler.jobs.${permission}`, name);
const projectOf = (name: string) => name.split('/').slice(0, 2).join('/');

/** Attaching a service account to something is running as it. */
function actAs(email: string | null | undefined): Needs[] {
  if (!email) return [];
  return [{ permission: 'iam.serviceAccounts.actAs', resource: serviceAccountResource(email) }];
}

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

const JOBS: Record<string, Rule> = {
  CreateCustomJob: (request, agentOf) => [
    vertex('customJobs.create', request.parent),
    ...actAs(request.customJob?.jobSpec?.serviceAccount),
    ...vertexReads.images(request, agentOf),
  ],
  GetCustomJob: ({ name }) => [vertex('customJobs.get', name)],
  ListCustomJobs: ({ parent }) => [vertex('customJobs.list', parent)],
  CancelCustomJob: ({ name }) => [vertex('customJobs.cancel', name)],
  DeleteCustomJob: ({ name }) => [vertex('customJobs.delete', name)],
  CreateModelDeploymentMonitoringJob: (request, agentOf) => [
    vertex('modelDeploymentMonitoringJobs.create', request.parent),
    ...vertexReads.trainingTables(request.parent, request.modelDeploymentMonitoringJob, agentOf),
  ],
  GetModelDeploymentMonitoringJob: ({ name }) => [vertex('modelDeploymentMonitoringJobs.get', name)],
  ListModelDeploymentMonitoringJobs: ({ parent }) => [vertex('modelDeploymentMonitoringJobs.list', parent)],
  UpdateModelDeploymentMonitoringJob: ({ modelDeploymentMonitoringJob: job }, agentOf) => [
    vertex('modelDeploymentMonitoringJobs.update', job.name),
    ...vertexReads.trainingTables(job.name, job, agentOf),
  ],
  DeleteModelDeploymentMonitoringJob: ({ name }) => [vertex('modelDeploymentMonitoringJobs.delete', name)],
  PauseModelDeploymentMonitoringJob: ({ name }) => [vertex('modelDeploymentMonitoringJobs.pause', name)],
  ResumeModelDeploymentMonitoringJob: ({ name }) => [vertex('modelDeploymentMonitoringJobs.resume', name)],
  SearchModelDeploymentMonitoringStatsAnomalies: ({ modelDeploymentMonitoringJob }) => [
    vertex('modelDeploymentMonitoringJobs.searchStatsAnomalies', modelDeploymentMonitoringJob),
  ],
};

const MODELS: Record<string, Rule> = {
  UploadModel: (request, agentOf) => [
    vertex('models.upload', request.parent),
    ...vertexReads.artifacts(request, agentOf),
    ...vertexReads.images(request, agentOf),
  ],
  GetModel: ({ name }) => [vertex('models.get', name)],
  ListModels: ({ parent }) => [vertex('models.list', parent)],
  ListModelVersions: ({ name }) => [vertex('models.list', name)],
  MergeVersionAliases: ({ name }) => [vertex('models.update', name)],
  UpdateModel: ({ model }) => [vertex('models.update', model.name)],
  DeleteModel: ({ name }) => [vertex('models.delete', name)],
  DeleteModelVersion: ({ name }) => [vertex('models.delete', name)],
  ImportModelEvaluation: ({ parent }) => [vertex('modelEvaluations.import', parent)],
  GetModelEvaluation: ({ name }) => [vertex('modelEvaluations.get', name)],
  ListModelEvaluations: ({ parent }) => [vertex('modelEvaluations.list', parent)],
};

const ENDPOINTS: Record<string, Rule> = {
  CreateEndpoint: ({ parent }) => [vertex('endpoints.create', parent)],
  GetEndpoint: ({ name }) => [vertex('endpoints.get', name)],
  ListEndpoints: ({ parent }) => [vertex('endpoints.list', parent)],
  UpdateEndpoint: ({ endpoint }) => [vertex('endpoints.update', endpoint.name)],
  DeleteEndpoint: ({ name }) => [vertex('endpoints.delete', name)],
  DeployModel: ({ endpoint, deployedModel }) => [
    vertex('endpoints.deploy', endpoint),
    ...actAs(deployedModel?.serviceAccount),
  ],
  UndeployModel: ({ endpoint }) => [vertex('endpoints.undeploy', endpoint)],
  MutateDeployedModel: ({ endpoint }) => [vertex('endpoints.update', endpoint)],
};

const PREDICTIONS: Record<string, Rule> = {
  Predict: ({ endpoint }) => [vertex('endpoints.predict', endpoint)],
  RawPredict: ({ endpoint }) => [vertex('endpoints.predict', endpoint)],
};

const METADATA: Record<string, Rule> = {
  CreateMetadataStore: ({ parent }) => [vertex('metadataStores.create', parent)],
  GetMetadataStore: ({ name }) => [vertex('metadataStores.get', name)],
  ListMetadataStores: ({ parent }) => [vertex('metadataStores.list', parent)],
  CreateArtifact: ({ parent }) => [vertex('artifacts.create', parent)],
  GetArtifact: ({ name }) => [vertex('artifacts.get', name)],
  ListArtifacts: ({ parent }) => [vertex('artifacts.list', parent)],
  UpdateArtifact: ({ artifact }) => [vertex('artifacts.update', artifact.name)],
  // It has no permission of its own, as the queries of executions and contexts have.
  QueryArtifactLineageSubgraph: ({ artifact }) => [vertex('artifacts.get', artifact)],
  CreateExecution: ({ parent }) => [vertex('executions.create', parent)],
  GetExecution: ({ name }) => [vertex('executions.get', name)],
  ListExecutions: ({ parent }) => [vertex('executions.list', parent)],
  UpdateExecution: ({ execution }) => [vertex('executions.update', execution.name)],
  AddExecutionEvents: ({ execution }) => [vertex('executions.addExecutionEvents', execution)],
  QueryExecutionInputsAndOutputs: ({ execution }) => [
    vertex('executions.queryExecutionInputsAndOutputs', execution),
  ],
  CreateContext: ({ parent }) => [vertex('contexts.create', parent)],
  GetContext: ({ name }) => [vertex('contexts.get', name)],
  ListContexts: ({ parent }) => [vertex('contexts.list', parent)],
  UpdateContext: ({ context }) => [vertex('contexts.update', context.name)],
  AddContextArtifactsAndExecutions: ({ context }) => [
    vertex('contexts.addContextArtifactsAndExecutions', context),
  ],
  QueryContextLineageSubgraph: ({ context }) => [vertex('contexts.queryContextLineageSubgraph', context)],
};

/** Who may see or change a resource may see or change what is under way on it. */
const onResource =
  (verb: string): Rule =>
  ({ name }) => {
    const resource = String(name).replace(/\/operations\/[^/]*$/, '');
    const collection = resource.split('/').at(-2);
    return [vertex(`${collection}.${verb}`, resource)];
  };

const OPERATIONS: Record<string, Rule> = {
  GetOperation: onResource('get'),
  WaitOperation: onResource('get'),
  ListOperations: ({ name }) => [vertex('operations.list', name)],
  CancelOperation: onResource('update'),
  DeleteOperation: onResource('update'),
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

const RULES = new Map<string, Rule>([
  ...named('google.pubsub.v1.Publisher/', PUBLISHER),
  ...named('google.pubsub.v1.Subscriber/', SUBSCRIBER),
  ...named('google.cloud.aiplatform.v1.JobService/', JOBS),
  ...named('google.cloud.aiplatform.v1.ModelService/', MODELS),
  ...named('google.cloud.aiplatform.v1.EndpointService/', ENDPOINTS),
  ...named('google.cloud.aiplatform.v1.PredictionService/', PREDICTIONS),
  ...named('google.cloud.aiplatform.v1.MetadataService/', METADATA),
  ...named('google.longrunning.Operations/', OPERATIONS),
  ...named('google.dataflow.v1beta3.', DATAFLOW),
  ...named('google.cloud.scheduler.v1.CloudScheduler/', SCHEDULER),
  ...named('google.logging.v2.LoggingServiceV2/', LOGGING),
  ...named('google.monitoring.v3.MetricService/', MONITORING),
]);

function named(prefix: string, rules: Record<string, Rule>): [method: string, rule: Rule][] {
  return Object.entries(rules).map(([name, rule]) => [prefix + name, rule]);
}

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
