import type { GrpcModule, RestModule } from '../boundaries.ts';
import type { Measured } from '../monitoring/time-series.ts';
import { createEngine, type VertexOptions } from './engine.ts';
import { grpcModule } from './grpc.ts';
import type { MetadataStores } from './metadata/stores.ts';
import { restModule } from './rest.ts';

/** The local Vertex AI: what to serve, and how to end it. */
export interface Vertex {
  grpc: GrpcModule;
  rest: RestModule;
  /** How deployed models answered, for Cloud Monitoring. */
  responses: Measured;
  /** Where a program's metadata stores are declared. */
  metadataStores: Pick<MetadataStores, 'declare'>;
  /** Runs a monitoring job's pipeline now, and ends when it has ended. */
  runMonitoring(job: string): Promise<void>;
  /** Ends every training and prediction process, and writes what is still to be logged. */
  close(): Promise<void>;
}

/**
 * Vertex AI on this machine: custom jobs and prediction servers are processes, models are copied to a managed
 * bucket, and everything is kept under the state folder.
 */
export function createVertex(options: VertexOptions): Vertex {
  const engine = createEngine(options);
  return {
    grpc: grpcModule(engine),
    rest: restModule(engine.predictions, options.authorize),
    responses: engine.responses.measured,
    metadataStores: engine.metadata.stores,
    runMonitoring: (job) => engine.monitoringJobs.run(job),
    close: () => engine.close(),
  };
}
