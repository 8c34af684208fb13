import { join } from 'node:path';
import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { Account } from './account.ts';
import { contentHash, inRepository } from './content-hash.ts';
import { Grant, onRepository } from './grant.ts';
import type { ServiceAgents } from './service-agents.ts';

/** What a function needs to run from the repository. Cloud Build installs the dependencies by the lock file. */
const FILES = ['package.json', 'package-lock.json'];
const FOLDERS = ['handlers', 'events'];

/** The sources that the functions of a project are built from, who builds them, and where the images go. */
export class FunctionSource extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly repository: pulumi.Output<string>;
  readonly builder: Account;
  readonly #name: string;
  readonly #bundles: string | undefined;
  readonly #kmsKey: pulumi.Input<string> | undefined;
  readonly #archives = new Map<string, gcp.storage.BucketObject>();

  constructor(
    name: string,
    args: {
      project: string;
      region: string;
      kmsKey: pulumi.Input<string> | undefined;
      agents: ServiceAgents;
      bucket: pulumi.Output<string>;
      /** The folder with a bundle of each function; none for functions that run from the repository. */
      functionBundles: string | undefined;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:FunctionSource', name, {}, opts);
    this.#name = name;
    this.#bundles = args.functionBundles;
    this.#kmsKey = args.kmsKey;
    const repository = new gcp.artifactregistry.Repository(
      'functions',
      {
        project: args.project,
        location: args.region,
        repositoryId: 'functions',
        format: 'DOCKER',
        description: 'Images that Cloud Build makes of the functions.',
        kmsKeyName: args.kmsKey,
      },
      { parent: this },
    );
    if (args.kmsKey) {
      // Under a key of ours, Cloud Functions manages the images in a repository of ours.
      new Grant(
        'cloudfunctions-agent-functions-artifactregistry.admin',
        {
          role: 'roles/artifactregistry.admin',
          why: "manages the functions' images in the repository that the key encrypts",
          member: args.agents.member('cloudfunctions'),
          on: onRepository(args, repository.name),
        },
        { parent: this },
      );
    }
    this.bucket = args.bucket;
    this.repository = repository.id;
    this.builder = new Account(
      'function-builder',
      {
        project: args.project,
        purpose: 'builds the functions',
        grants: {
          project: [
            {
              role: 'roles/cloudbuild.builds.builder',
              why: "reads the functions' source, pushes their images and writes the build's log",
            },
          ],
        },
      },
      { parent: this },
    );
    this.registerOutputs({ bucket: this.bucket });
  }

  /** The name of the object in the bucket that a function is built from. Without bundles all have the same. */
  archiveOf(handler: string): pulumi.Output<string> {
    const name = this.#bundles ? `${this.#name}-${handler}` : this.#name;
    const archive = this.#archives.get(name) ?? this.#upload(name, handler);
    this.#archives.set(name, archive);
    return archive.name;
  }

  #upload(name: string, handler: string): gcp.storage.BucketObject {
    const { hash, source } = this.#bundles
      ? bundleIn(inRepository(join(this.#bundles, handler)))
      : repositorySource();
    return new gcp.storage.BucketObject(
      name,
      {
        bucket: this.bucket,
        name: `functions/${this.#bundles ? `${handler}/` : ''}${hash}.zip`,
        kmsKeyName: this.#kmsKey,
        source,
      },
      { parent: this },
    );
  }
}

function bundleIn(folder: string) {
  return { hash: contentHash(['.'], folder), source: new pulumi.asset.FileArchive(folder) };
}

function repositorySource() {
  const archive = (path: string) => new pulumi.asset.FileArchive(inRepository(path));
  const asset = (path: string) => new pulumi.asset.FileAsset(inRepository(path));
  return {
    hash: contentHash([...FILES, ...FOLDERS]),
    source: new pulumi.asset.AssetArchive({
      ...Object.fromEntries(FILES.map((file) => [file, asset(file)])),
      ...Object.fromEntries(FOLDERS.map((folder) => [folder, archive(folder)])),
    }),
  };
}
