import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Plugin } from 'rolldown';
import { ApiDescriptor } from './prune-protos.ts';

const DESCRIPTOR = /[\\/]protos\.json$/;
const SERVICES = '?services=';
/** The message classes that packages export: generated code, megabytes of it, that handlers and clients don't use. */
const MESSAGE_CLASSES =
  /(@google-cloud[\\/][^\\/]+[\\/]build[\\/]protos[\\/]protos|google-gax[\\/]build[\\/]protos[\\/]\w+)\.js$/;

/**
 * Makes Google's gRPC clients small. A client reads the descriptor of its whole API when it is built, of which it
 * needs its own service: that is what each gets. The generated message classes are left out.
 */
export function smallGoogleClients(): Plugin {
  const descriptors = new Map<string, ApiDescriptor>();
  const descriptor = (path: string) => {
    const known = descriptors.get(path) ?? new ApiDescriptor(JSON.parse(readFileSync(path, 'utf8')));
    descriptors.set(path, known);
    return known;
  };
  return {
    name: 'small-google-clients',
    resolveId: {
      filter: { id: DESCRIPTOR },
      handler(source, importer) {
        if (!importer) return null;
        const services = servicesOf(readFileSync(importer, 'utf8'));
        if (services.length === 0) return null;
        return `${resolve(dirname(importer), source)}${SERVICES}${services.join(',')}`;
      },
    },
    load: {
      filter: { id: [MESSAGE_CLASSES, /\?services=/] },
      handler(id) {
        if (MESSAGE_CLASSES.test(id)) return { code: NO_MESSAGE_CLASSES, moduleType: 'js' };
        const [path, services] = id.split(SERVICES);
        const pruned = JSON.stringify(descriptor(path).prune(services.split(',')));
        // V8 reads a string of JSON faster than the same object as a literal.
        return { code: `module.exports = JSON.parse(${JSON.stringify(pruned)});`, moduleType: 'js' };
      },
    },
  };
}

/** A generated client names its service where it asks for the stub. */
function servicesOf(client: string): string[] {
  return [...client.matchAll(/_protos\.lookupService\('([\w.]+)'\)/g)].map(([, service]) => service);
}

/** google-gax copies the exports of such a module by their names, so `google` must be one. */
const NO_MESSAGE_CLASSES = `exports.google = new Proxy({}, {
  get(_, name) {
    if (typeof name === 'symbol' || name === '__esModule') return undefined;
    throw new Error(\`the message classes google.\${name} are not in the bundle: bundle/google-clients.ts leaves them out\`);
  },
});`;
