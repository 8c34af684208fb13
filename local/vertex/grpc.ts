import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { GrpcModule } from '../boundaries.ts';
import type { Engine } from './engine.ts';
import { metadataMethods } from './metadata/grpc.ts';
import { uploadModel } from './model-uploads.ts';
import { refuseFailure } from './prediction.ts';
import { fromJson, toJson } from './struct-value.ts';

type V1 = typeof google.cloud.aiplatform.v1;
/** A request by its message's name, as the client package's types have it. */
type Request<Name extends keyof V1> = V1[Name] extends { create: (properties?: infer Properties) => unknown }
  ? NonNullable<Properties>
  : never;
type OperationRequest = google.longrunning.IGetOperationRequest;

const API = 'google.cloud.aiplatform.v1';
const PROTO_FOLDER = 'google/cloud/aiplatform/v1';

/** Vertex AI over gRPC, as far as the engine goes. */
export function grpcModule(engine: Engine): GrpcModule {
  return {
    protos: '@google-cloud/aiplatform',
    files: [
      ...['job', 'model', 'endpoint', 'prediction', 'metadata'].map(
        (name) => `${PROTO_FOLDER}/${name}_service.proto`,
      ),
      'google/longrunning/operations.proto',
    ],
    services: [
      ...['Job', 'Model', 'Endpoint', 'Prediction', 'Metadata'].map((name) => `${API}.${name}Service`),
      'google.longrunning.Operations',
    ],
    unary: {
      ...named(`${API}.JobService`, { ...customJobMethods(engine), ...monitoringMethods(engine) }),
      ...named(`${API}.ModelService`, modelMethods(engine)),
      ...named(`${API}.EndpointService`, endpointMethods(engine)),
      ...named(`${API}.PredictionService`, predictionMethods(engine)),
      ...named(`${API}.MetadataService`, metadataMethods(engine.metadata)),
      ...named('google.longrunning.Operations', operationMethods(engine)),
    },
  };
}

function named(service: string, methods: GrpcModule['unary']): GrpcModule['unary'] {
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [`${service}/${name}`, method]));
}

/** The answer of methods that return `google.protobuf.Empty`. */
function empty(): object {
  return {};
}

function customJobMethods({ customJobs }: Engine) {
  return {
    CreateCustomJob: (request: Request<'CreateCustomJobRequest'>) =>
      customJobs.create(request.parent ?? '', request.customJob ?? {}),
    GetCustomJob: (request: Request<'GetCustomJobRequest'>) => customJobs.get(request.name ?? ''),
    ListCustomJobs: (request: Request<'ListCustomJobsRequest'>) =>
      customJobs.list(request.parent ?? '', request),
    CancelCustomJob: (request: Request<'CancelCustomJobRequest'>) => {
      customJobs.cancel(request.name ?? '');
      return empty();
    },
    DeleteCustomJob: (request: Request<'DeleteCustomJobRequest'>) => customJobs.delete(request.name ?? ''),
  };
}

function monitoringMethods({ monitoringJobs }: Engine) {
  return {
    CreateModelDeploymentMonitoringJob: (request: Request<'CreateModelDeploymentMonitoringJobRequest'>) =>
      monitoringJobs.create(request.parent ?? '', request.modelDeploymentMonitoringJob ?? {}),
    GetModelDeploymentMonitoringJob: (request: Request<'GetModelDeploymentMonitoringJobRequest'>) =>
      monitoringJobs.get(request.name ?? ''),
    ListModelDeploymentMonitoringJobs: (request: Request<'ListModelDeploymentMonitoringJobsRequest'>) =>
      monitoringJobs.list(request.parent ?? '', request),
    UpdateModelDeploymentMonitoringJob: (request: Request<'UpdateModelDeploymentMonitoringJobRequest'>) =>
      monitoringJobs.update(request.modelDeploymentMonitoringJob ?? {}, request.updateMask?.paths ?? []),
    DeleteModelDeploymentMonitoringJob: (request: Request<'DeleteModelDeploymentMonitoringJobRequest'>) =>
      monitoringJobs.delete(request.name ?? ''),
    PauseModelDeploymentMonitoringJob: (request: Request<'PauseModelDeploymentMonitoringJobRequest'>) => {
      monitoringJobs.pause(request.name ?? '');
      return empty();
    },
    ResumeModelDeploymentMonitoringJob: (request: Request<'ResumeModelDeploymentMonitoringJobRequest'>) => {
      monitoringJobs.resume(request.name ?? '');
      return empty();
    },
    SearchModelDeploymentMonitoringStatsAnomalies: (
      request: Request<'SearchModelDeploymentMonitoringStatsAnomaliesRequest'>,
    ) => monitoringJobs.search(request),
  };
}

function modelMethods({ models, modelEvaluations, ...engine }: Engine) {
  return {
    UploadModel: (request: Request<'UploadModelRequest'>) => uploadModel(request, engine),
    GetModel: (request: Request<'GetModelRequest'>) => models.get(request.name ?? ''),
    ListModels: (request: Request<'ListModelsRequest'>) => models.list(request.parent ?? '', request),
    ListModelVersions: (request: Request<'ListModelVersionsRequest'>) =>
      models.listVersions(request.name ?? '', request),
    MergeVersionAliases: (request: Request<'MergeVersionAliasesRequest'>) =>
      models.mergeAliases(request.name ?? '', request.versionAliases ?? []),
    UpdateModel: (request: Request<'UpdateModelRequest'>) =>
      models.update(request.model ?? {}, request.updateMask?.paths ?? []),
    DeleteModel: (request: Request<'DeleteModelRequest'>) => models.delete(request.name ?? ''),
    DeleteModelVersion: (request: Request<'DeleteModelVersionRequest'>) =>
      models.deleteVersion(request.name ?? ''),
    ImportModelEvaluation: (request: Request<'ImportModelEvaluationRequest'>) =>
      modelEvaluations.import(request.parent ?? '', request.modelEvaluation ?? {}),
    GetModelEvaluation: (request: Request<'GetModelEvaluationRequest'>) =>
      modelEvaluations.get(request.name ?? ''),
    ListModelEvaluations: (request: Request<'ListModelEvaluationsRequest'>) =>
      modelEvaluations.list(request.parent ?? '', request),
  };
}

function endpointMethods({ endpoints, deploying }: Engine) {
  return {
    CreateEndpoint: (request: Request<'CreateEndpointRequest'>) =>
      endpoints.create(request.parent ?? '', request.endpoint ?? {}, request.endpointId ?? ''),
    GetEndpoint: (request: Request<'GetEndpointRequest'>) => endpoints.get(request.name ?? ''),
    ListEndpoints: (request: Request<'ListEndpointsRequest'>) =>
      endpoints.list(request.parent ?? '', request),
    UpdateEndpoint: (request: Request<'UpdateEndpointRequest'>) =>
      endpoints.update(request.endpoint ?? {}, request.updateMask?.paths ?? []),
    DeleteEndpoint: (request: Request<'DeleteEndpointRequest'>) => endpoints.delete(request.name ?? ''),
    DeployModel: (request: Request<'DeployModelRequest'>) =>
      deploying.deploy(request.endpoint ?? '', request.deployedModel ?? {}, request.trafficSplit ?? {}),
    UndeployModel: (request: Request<'UndeployModelRequest'>) =>
      deploying.undeploy(request.endpoint ?? '', request.deployedModelId ?? '', request.trafficSplit ?? {}),
    MutateDeployedModel: (request: Request<'MutateDeployedModelRequest'>) =>
      deploying.mutate(request.endpoint ?? '', request.deployedModel ?? {}, request.updateMask?.paths ?? []),
  };
}

function predictionMethods({ predictions }: Engine) {
  return {
    Predict: async (request: Request<'PredictRequest'>) => {
      const parameters = request.parameters ? toJson(request.parameters) : undefined;
      const answer = await predictions.predict(
        request.endpoint ?? '',
        (request.instances ?? []).map(toJson),
        parameters,
      );
      return {
        ...answer,
        predictions: answer.predictions.map(fromJson),
        metadata: answer.metadata === undefined ? undefined : fromJson(answer.metadata),
      };
    },
    RawPredict: async (request: Request<'RawPredictRequest'>) => {
      const data = Buffer.from(request.httpBody?.data ?? '');
      const contentType = request.httpBody?.contentType || 'application/json';
      const answer = await predictions.rawPredict(request.endpoint ?? '', data, contentType);
      refuseFailure(answer);
      return { contentType: answer.contentType, data: answer.body };
    },
  };
}

function operationMethods({ operations }: Engine) {
  return {
    GetOperation: (request: OperationRequest) => operations.get(request.name ?? ''),
    ListOperations: (request: google.longrunning.IListOperationsRequest) => ({
      operations: operations.list(request.name ?? '', request.filter ?? ''),
    }),
    WaitOperation: (request: google.longrunning.IWaitOperationRequest) =>
      operations.wait(request.name ?? '', request.timeout),
    CancelOperation: (request: OperationRequest) => {
      operations.cancel(request.name ?? '');
      return empty();
    },
    DeleteOperation: (request: OperationRequest) => {
      operations.delete(request.name ?? '');
      return empty();
    },
  };
}
