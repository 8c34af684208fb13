import type { CheckKey } from '../../boundaries.ts';
import type { Operations } from '../operations.ts';
import { Lineage } from './lineage.ts';
import { type Artifact, type Context, type Execution, MetadataNodes } from './nodes.ts';
import { MetadataStores } from './stores.ts';

/** Vertex ML Metadata: stores, what they have, and how that is connected. */
export class Metadata {
  readonly stores: MetadataStores;
  readonly artifacts: MetadataNodes<Artifact>;
  readonly executions: MetadataNodes<Execution>;
  readonly contexts: MetadataNodes<Context>;
  readonly lineage: Lineage;

  constructor(stateDir: string, operations: Operations, checkKey: CheckKey) {
    this.stores = new MetadataStores(stateDir, operations, checkKey);
    this.artifacts = new MetadataNodes(stateDir, this.stores, 'artifacts');
    this.executions = new MetadataNodes(stateDir, this.stores, 'executions');
    this.contexts = new MetadataNodes(stateDir, this.stores, 'contexts');
    this.lineage = new Lineage(stateDir, this);
  }
}
