/**
 * Preloaded into the local cloud's Node processes. Google's REST clients keep their connections, except through a
 * proxy: then each request makes an agent of its own, and so a tunnel and a TLS handshake, which cost several times
 * what the request does. Google Cloud has no proxy between a function and the APIs; with this, the one here makes no
 * difference either. What is sent is the same.
 */

/** An import would bring `fetch` and `WebSocket` along, and cost each process 60 ms. */
const http = process.getBuiltinModule('node:http');

const kept = new Map();
const { addRequest } = http.Agent.prototype;

/** A request of an agent that goes through a proxy is given to the first such agent. */
http.Agent.prototype.addRequest = function (request, ...destination) {
  const agent = isOfProxy(this) ? firstLike(this) : this;
  if (agent !== this) request.agent = agent;
  // Decided before, when the request asked the agent that was made for it.
  if (isOfProxy(agent)) request.shouldKeepAlive = true;
  return addRequest.call(agent, request, ...destination);
};

/** The agents of `https-proxy-agent`, which is in a file of its own, or in a bundle among other things. */
function isOfProxy({ proxy, connectOpts }) {
  return proxy instanceof URL && connectOpts !== undefined;
}

function firstLike(agent) {
  const key = `${agent.constructor.name} ${agent.proxy.href} ${JSON.stringify(agent.options)}`;
  if (!kept.has(key)) kept.set(key, keepingConnections(agent));
  return kept.get(key);
}

/**
 * Its sockets send at once, as all agents' do: on a connection that is kept, the body of an upload would else wait 40 ms
 * for the peer to acknowledge the headers.
 */
function keepingConnections(agent) {
  agent.keepAlive = true;
  agent.options = { ...agent.options, keepAlive: true };
  agent.connectOpts = { ...agent.connectOpts, noDelay: true };
  return agent;
}
