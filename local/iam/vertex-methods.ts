import { actAs, on, type Rule, type ServiceRules } from './method-rule.ts';
import { vertexReads } from './vertex-reads.ts';

const vertex = (permission: string, name: string) => on('aiplatform', `aiplatform.${permission}`, name);

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

/** What calls of Vertex AI need, and those on operations, which no other service here has. */
export const VERTEX_RULES: ServiceRules = {
  'google.cloud.aiplatform.v1.JobService/': JOBS,
  'google.cloud.aiplatform.v1.ModelService/': MODELS,
  'google.cloud.aiplatform.v1.EndpointService/': ENDPOINTS,
  'google.cloud.aiplatform.v1.PredictionService/': PREDICTIONS,
  'google.cloud.aiplatform.v1.MetadataService/': METADATA,
  'google.longrunning.Operations/': OPERATIONS,
};
