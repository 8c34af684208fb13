import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Authorize } from '../boundaries.ts';
import type { DeclaredResources } from '../control-plane/declared-resources.ts';
import { StatusError } from '../status.ts';
import { type KeyVersions, VersionState } from './key-versions.ts';

const HOST = 'cloudkms.googleapis.com';
const KEY = '/v1/projects/:project/locations/:location/keyRings/:ring/cryptoKeys/:key';
const VERSION = `${KEY}/cryptoKeyVersions/:number`;

const Primary = z.object({ cryptoKeyVersionId: z.string() });
const State = z.object({ state: VersionState });

/**
 * What people do to a key beside the program that declares it: rotate it, and disable or enable a version. To the
 * program's own description of the key it is told which version is the primary one.
 */
export const keyVersionsRest =
  (versions: KeyVersions, surface: Surface) =>
  (app: FastifyInstance): void => {
    registerKeyVersions(app, versions, surface);
  };

interface Surface {
  authorize: Authorize;
  resources: DeclaredResources;
}

function registerKeyVersions(
  app: FastifyInstance,
  versions: KeyVersions,
  { authorize, resources }: Surface,
): void {
  const check = ({ caller: { principal } }: FastifyRequest, permission: string, name: string) =>
    authorize({ principal, permission: `cloudkms.${permission}`, resource: `//${HOST}/${name}` });
  const version = (name: string) => ({ name, state: versions.stateOf(name) });
  const describe = (key: string) => {
    const primary = version(versions.primaryOf(key));
    resources.declare(HOST, key, { ...resources.get(HOST, key), primary });
    return resources.get(HOST, key);
  };

  app.get(VERSION, async (request) => {
    const { name } = namesIn(request);
    check(request, 'cryptoKeyVersions.get', name);
    return version(name);
  });
  app.post(`${KEY}/cryptoKeyVersions`, async (request) => {
    const { key } = namesIn(request);
    check(request, 'cryptoKeyVersions.create', key);
    resources.get(HOST, key);
    return version(versions.create(key));
  });
  app.post(`${KEY}(^[^:]+)::updatePrimaryVersion`, async (request) => {
    const { key } = namesIn(request);
    check(request, 'cryptoKeys.update', key);
    const { cryptoKeyVersionId } = Primary.parse(request.body);
    versions.makePrimary(`${key}/cryptoKeyVersions/${cryptoKeyVersionId}`);
    return describe(key);
  });
  app.patch(VERSION, async (request) => {
    const { key, name } = namesIn(request);
    check(request, 'cryptoKeyVersions.update', name);
    const { updateMask } = request.query as { updateMask?: string };
    if (updateMask !== 'state')
      throw new StatusError('INVALID_ARGUMENT', 'Of a version its state alone can be updated.');
    versions.setState(name, State.parse(request.body).state);
    describe(key);
    return version(name);
  });
}

function namesIn({ params }: FastifyRequest): { key: string; name: string } {
  const { project, location, ring, key: id, number } = params as Record<string, string>;
  const key = `projects/${project}/locations/${location}/keyRings/${ring}/cryptoKeys/${id}`;
  return { key, name: `${key}/cryptoKeyVersions/${number}` };
}
