import { resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { RecordedAsset } from './recorded.ts';

/** Makes JSON of a property that the Pulumi SDK has deserialised: assets by absolute path, secrets in the open. */
export async function plain(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (pulumi.runtime.isRpcSecret(value)) return plain(pulumi.runtime.unwrapRpcSecret(value));
  if (pulumi.asset.Asset.isInstance(value) || pulumi.asset.Archive.isInstance(value))
    return plainAsset(value);
  if (value !== null && typeof value === 'object') return plainProperties(value);
  return value;
}

export async function plainProperties(value: object): Promise<Record<string, unknown>> {
  const entries = Object.entries(value).filter(([, property]) => property !== undefined);
  return Object.fromEntries(
    await Promise.all(entries.map(async ([key, property]) => [key, await plain(property)])),
  );
}

async function plainAsset(value: unknown): Promise<RecordedAsset> {
  if (value instanceof pulumi.asset.FileAsset) return { kind: 'file', path: resolve(await value.path) };
  if (value instanceof pulumi.asset.FileArchive) return { kind: 'folder', path: resolve(await value.path) };
  if (value instanceof pulumi.asset.StringAsset) return { kind: 'text', text: await value.text };
  if (value instanceof pulumi.asset.AssetArchive) {
    const assets = Object.entries(await value.assets);
    const plainAssets = await Promise.all(
      assets.map(async ([name, asset]) => [name, await plainAsset(asset)] as const),
    );
    return { kind: 'assets', assets: Object.fromEntries(plainAssets) };
  }
  throw new Error(
    'The local run of the program takes assets from files, folders and text only, none from the network.',
  );
}
