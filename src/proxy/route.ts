import type * as model from "../config/model.ts";
import { bytesOf } from "../bytes/bytes.ts";
import { type CompressionPolicy, compressionPolicy } from "../filters/compression/policy.ts";
import { noRules, type ProxyRules } from "../rules/proxy-rules.ts";
import type { Backend } from "./backend.ts";
import { type AddressField, addressField } from "./http/request.ts";

/** The way from a frontend to one of its backends: what depends on the settings of both. */
export class Route {
  readonly forwardFor: AddressField | null;
  readonly originalTo: AddressField | null;
  /** The connection of the client, and that of the server, end with each response. */
  readonly closesClient: boolean;
  readonly closesServer: boolean;
  /** The server is told that (manual: "option http-pretend-keepalive"). */
  readonly saysClose: boolean;
  /** Which content may pass without being seen. */
  readonly splice: model.Splice;
  /** The field that names the server in requests, in lower case; null: there is none. */
  readonly serverName: Uint8Array | null;

  /** What is compressed; null: nothing. */
  readonly compression: CompressionPolicy | null;
  /** What is done about fields with odd names, one after the other. */
  readonly restricts: readonly ("delete" | "reject")[];

  /** There are rules for requests on this way, of the backend. */
  readonly evaluates: boolean;
  /** There are rules for responses. */
  readonly responds: boolean;
  /** There are "http-after-response" rules. */
  readonly respondsAfter: boolean;

  constructor(frontend: model.Proxy, readonly backend: Backend, rules: ProxyRules = noRules) {
    const { config } = backend;
    const { tcpContent, httpRequest, useServer, forcePersist, ignorePersist } = backend.rules;
    const { balanceHash, stick, formattedReplies } = backend.rules;
    const lists = [tcpContent, httpRequest, useServer, forcePersist, ignorePersist];
    this.evaluates = config.httpBufferRequest ||
      [...lists, balanceHash, stick, formattedReplies].some((each) => each !== null);
    this.responds = [rules, backend.rules].some(({ httpResponse, httpAfterResponse }) =>
      httpResponse !== null || httpAfterResponse !== null
    );
    this.respondsAfter = [rules, backend.rules].some((each) => each.httpAfterResponse !== null);
    this.forwardFor = addressField(config.forwardfor ?? frontend.forwardfor);
    this.originalTo = addressField(config.originalto ?? frontend.originalto);
    this.splice = {
      request: frontend.splice.request && config.splice.request,
      response: frontend.splice.response && config.splice.response,
    };
    this.compression = compressionPolicy(frontend, config);
    const modes = [frontend.connection, config.connection];
    this.closesClient = modes.includes("close");
    this.closesServer = this.closesClient || modes.includes("server-close");
    this.saysClose = this.closesServer && !config.httpPretendKeepalive;
    const name = config.httpSendNameHeader;
    const names = new Set([frontend.httpRestrictReqHdrNames, config.httpRestrictReqHdrNames]);
    this.restricts = [...names].filter((mode) => mode === "delete" || mode === "reject");
    this.serverName = name === null ? null : bytesOf(name.toLowerCase());
  }
}
