import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { Access } from '../boundaries.ts';

type V1 = typeof google.cloud.aiplatform.v1;
type UploadModelRequest = InstanceType<V1['UploadModelRequest']>;
type CreateCustomJobRequest = InstanceType<V1['CreateCustomJobRequest']>;
type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;
type AgentOf = (project: string) => string;

const projectIn = (name: string) => name.split('/')[1] ?? '';

/** What Vertex AI's agent, and not the caller, reads for a call: it must be let into other projects' resources. */
export const vertexReads = {
  /** The artefact that an upload copies into the registry. */
  artifacts({ parent, model }: UploadModelRequest, agentOf: AgentOf): Access[] {
    const [, bucket, folder] = /^gs:\/\/([^/]+)\/(.+)$/.exec(model?.artifactUri ?? '') ?? [];
    if (!bucket) return [];
    const principal = agentOf(projectIn(parent));
    const resource = `//storage.googleapis.com/projects/_/buckets/${bucket}`;
    return [
      { principal, permission: 'storage.objects.list', resource },
      { principal, permission: 'storage.objects.get', resource: `${resource}/objects/${folder}` },
    ];
  },

  /** The images of a custom job's replicas, or of a model's prediction server. */
  images(request: CreateCustomJobRequest | UploadModelRequest, agentOf: AgentOf): Access[] {
    const images =
      'customJob' in request
        ? (request.customJob?.jobSpec?.workerPoolSpecs ?? []).map((pool) => pool.containerSpec?.imageUri)
        : [(request as UploadModelRequest).model?.containerSpec?.imageUri];
    const principal = agentOf(projectIn(request.parent));
    return [...new Set(images)].flatMap((image) => {
      const [, location, project, repository] =
        /^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\//.exec(image ?? '') ?? [];
      if (!repository) return [];
      const name = `projects/${project}/locations/${location}/repositories/${repository}`;
      const permission = 'artifactregistry.repositories.downloadArtifacts';
      return [{ principal, permission, resource: `//artifactregistry.googleapis.com/${name}` }];
    });
  },

  /** The tables that skew is measured against. */
  trainingTables(place: string, job: MonitoringJob | null | undefined, agentOf: AgentOf): Access[] {
    const principal = agentOf(projectIn(place));
    const uris = (job?.modelDeploymentMonitoringObjectiveConfigs ?? []).map(
      (config) => config.objectiveConfig?.trainingDataset?.bigquerySource?.inputUri,
    );
    return [...new Set(uris)].flatMap((uri) => {
      const [, project, dataset, table] = /^bq:\/\/([^.]+)\.([^.]+)\.([^.]+)$/.exec(uri ?? '') ?? [];
      if (!table) return [];
      const resource = `//bigquery.googleapis.com/projects/${project}/datasets/${dataset}/tables/${table}`;
      return [{ principal, permission: 'bigquery.tables.getData', resource }];
    });
  },
};
