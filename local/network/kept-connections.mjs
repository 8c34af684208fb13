/**
 * Preloaded into the local cloud's Node processes. Google's REST clients keep their connections, except through a
 * proxy: then each request makes an agent of its own, and so a tunnel and a TLS handshake, which cost several times
 * what the request does. Google Cloud has no proxy between a function and the APIs; with this, the one here makes no
 * difference either. What is sent is the same.
 */
import Module from 'node:module';

const agents = new Map();
const compile = Module.prototype._compile;

Module.prototype._compile = function (content, filename, ...rest) {
  const result = compile.call(this, content, filename, ...rest);
  if (/[\\/]https-proxy-agent[\\/]dist[\\/]index\.js$/.test(filename)) keepConnections(this.exports);
  return result;
};

/**
 * An agent asked for again is the one that was made before. Its sockets send at once, as all agents' do: on a
 * connection that is kept, the body of an upload would else wait 40 ms for the peer to acknowledge the headers.
 */
function keepConnections(exports) {
  exports.HttpsProxyAgent = new Proxy(exports.HttpsProxyAgent, {
    construct(Agent, [proxy, options]) {
      const key = `${proxy} ${JSON.stringify(options ?? {})}`;
      const agent = agents.get(key) ?? new Agent(proxy, { ...options, keepAlive: true, noDelay: true });
      agents.set(key, agent);
      return agent;
    },
  });
}
