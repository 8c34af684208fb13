import { join } from 'node:path';
import { BigQueryEngine } from './bigquery/engine.ts';
import type { ContainerRuntime, ObjectMetadata, ProcessHost } from './boundaries.ts';
import { DataflowEngine } from './dataflow/engine.ts';
import { TransformWorkers } from './dataflow/transform.ts';
import { LogStore } from './logging/log-store.ts';
import { LocalNetwork } from './network/network.ts';
import { LocalProcessHost } from './processes/process-host.ts';
import { storageRest } from './storage/rest.ts';
import { ResumableUploads } from './storage/resumable-uploads.ts';
import { StorageEngine } from './storage/storage-engine.ts';
import { createEngine, type Engine } from './vertex/engine.ts';

/** Where everything on the workbench is. */
export const BENCH = {
  project: 'baton-workbench',
  projectNumber: '100000000001',
  location: 'us-central1',
  bucket: 'baton-workbench',
  dataset: 'workbench',
  serviceAccount: 'training@baton-workbench.iam.gserviceaccount.com',
} as const;

const LINE_TIMEOUT_MS = 5000;

/** What a workload's files and containers meet of the local cloud. */
export interface Workbench {
  storage: StorageEngine;
  warehouse: BigQueryEngine;
  dataflow: DataflowEngine;
  /** The threads in which Dataflow runs user-defined functions, for single lines. */
  transforms: TransformWorkers;
  containers: ContainerRuntime;
  vertex: Engine;
  /** Where functions' threads may leave rows. */
  scratch: string;
  /** Every object that was written, in that order. */
  writes: readonly ObjectMetadata[];
  /** The calls of Google's APIs so far. */
  calls(): number;
  /** From now on no call is served until the answer is called. */
  hold(): () => void;
}

/**
 * Storage, BigQuery, Dataflow and Vertex AI on a state folder of their own, with nothing that a Pulumi program declares
 * and nobody refused: where a workload is tried without a run. What is opened is closed by the stack, last first.
 *
 * @param containersOf what runs the images; it is given the host of this workbench's processes
 */
export async function openWorkbench(
  stateDir: string,
  containersOf: (host: ProcessHost) => ContainerRuntime,
  closing: AsyncDisposableStack,
): Promise<Workbench> {
  const logs = new LogStore({ stateDir });
  const storage = closing.adopt(new StorageEngine({ stateDir }), (it) => it.close());
  storage.createBucket({ name: BENCH.bucket, project: BENCH.project, location: BENCH.location });
  const writes: ObjectMetadata[] = [];
  storage.onChange((change, object) => change === 'OBJECT_FINALIZE' && void writes.push(object));
  const warehouse = closing.adopt(await BigQueryEngine.open({ stateDir, objects: storage }), (it) =>
    it.close(),
  );
  await warehouse.createDataset({
    projectId: BENCH.project,
    datasetId: BENCH.dataset,
    location: BENCH.location,
  });
  const network = closing.adopt(
    await LocalNetwork.open({ stateDir, onLint: () => {}, projectNumber: () => BENCH.projectNumber }),
    (it) => it.close(),
  );
  const gate = new CallGate();
  await network.serve({
    rest: [storageRest(storage, new ResumableUploads(storage, stateDir))],
    interceptCall: () => gate.pass(),
  });
  const processes = new LocalProcessHost({
    stateDir,
    onLint: () => {},
    environment: (identity) => network.environment(identity),
  });
  const containers = containersOf(processes);
  const vertex = createEngine({
    ...{ stateDir, objects: storage, containers, warehouse, logs },
    projectNumber: () => BENCH.projectNumber,
  });
  const limits = { lineTimeoutMs: LINE_TIMEOUT_MS, jobTimeoutMs: 600_000, memoryMb: 128 };
  const dataflow = new DataflowEngine({ stateDir, objects: storage, warehouse, logs, limits });
  const transforms = closing.adopt(new TransformWorkers(limits), (it) => it.close());
  closing.defer(async () => {
    gate.open();
    await Promise.all([processes.close(), vertex.close(), dataflow.close()]);
  });
  return {
    ...{ storage, warehouse, dataflow, transforms, containers, vertex, writes },
    scratch: join(stateDir, 'scratch'),
    calls: () => gate.seen,
    hold: () => gate.hold(),
  };
}

/** Lets calls wait, and counts them. */
class CallGate {
  seen = 0;
  #held: PromiseWithResolvers<void> | undefined;

  async pass(): Promise<() => 'pass'> {
    this.seen++;
    await this.#held?.promise;
    return () => 'pass';
  }

  hold(): () => void {
    this.#held ??= Promise.withResolvers<void>();
    return () => this.open();
  }

  open(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }
}
