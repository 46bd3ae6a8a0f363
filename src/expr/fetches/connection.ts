/** Fetches of the client's and the server's connection (manual, chapter 7.3.3). */
import { parseIp } from "../../net/ip/address.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import { backendOf, type Context, type ServerConnectionFacts } from "../context.ts";
import { need } from "../arguments.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import { NEEDS_CLIENT, NEEDS_SERVER } from "../needs.ts";
import { ADDR, BOOL, IPV4, IPV6, type Sample, SINT, STR } from "../sample.ts";
import { setText } from "../cast.ts";

const chapter = "7.3.3";

/** Addresses by their text: clients come again, and one is read a request. */
const parsed = new Map<string, Uint8Array | null>();
const mostParsed = 4096;

/** Makes it the address of the text. @returns false: it is none, as that of a unix socket */
export function setAddress(sample: Sample, text: string): boolean {
  let bytes = parsed.get(text);
  if (bytes === undefined) {
    if (parsed.size >= mostParsed) parsed.clear();
    parsed.set(text, bytes = parseIp(text));
  }
  return bytes !== null &&
    sample.setBytes(bytes.length === 4 ? IPV4 : IPV6, bytes, 0, bytes.length);
}

type Which = (context: Context) => Addresses | null;
const effective: Which = ({ addresses }) => addresses;
const original: Which = ({ connectionAddresses }) => connectionAddresses;
const server: Which = ({ serverConnection }) => serverConnection?.addresses ?? null;

function address(
  name: string,
  which: Which,
  end: "remote" | "local",
  needs: number,
  doc: string,
): Fetch[] {
  const remote = end === "remote";
  const value: FetchValue = (context, sample) => {
    const addresses = which(context);
    if (addresses === null) return false;
    return setAddress(sample, remote ? addresses.remoteAddress : addresses.localAddress);
  };
  const port: FetchValue = (context, sample) => {
    const addresses = which(context);
    if (addresses === null) return false;
    return sample.setInt(remote ? addresses.remotePort : addresses.localPort);
  };
  return [
    { name, type: ADDR, needs, doc: `The ${doc}.`, chapter, create: () => value },
    {
      name: `${name}_port`,
      type: SINT,
      needs,
      doc: `The port of the ${doc}.`,
      chapter,
      create: () => port,
    },
  ];
}

function integer(
  name: string,
  needs: number,
  doc: string,
  read: (context: Context) => number,
): Fetch {
  return {
    name,
    type: SINT,
    needs,
    doc,
    chapter,
    create: () => (context, sample) => {
      const value = read(context);
      return value >= 0 && sample.setInt(value);
    },
  };
}

function boolean(name: string, doc: string, read: (context: Context) => boolean): Fetch {
  return {
    name,
    type: BOOL,
    needs: NEEDS_CLIENT,
    doc,
    chapter,
    create: () => (context, sample) => sample.setBool(read(context)),
  };
}

function string(
  name: string,
  needs: number,
  doc: string,
  read: (context: Context) => string | null,
): Fetch {
  return {
    name,
    type: STR,
    needs,
    doc,
    chapter,
    create: () => (context, sample) => {
      const value = read(context);
      return value !== null && setText(sample, value);
    },
  };
}

/** Whether an address is this machine's own: a loopback one, or the client's is the proxy's. */
function isLocal({ remoteAddress, localAddress }: Addresses): boolean {
  return remoteAddress === localAddress || remoteAddress.startsWith("127.") ||
    remoteAddress === "::1" || remoteAddress === "";
}

/** Types of TLVs (proxy-protocol.txt, section 2.2.1 on). */
const tlvTypes: Readonly<Record<string, number>> = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  SSL_VERSION: 0x21,
  SSL_CN: 0x22,
  SSL_CIPHER: 0x23,
  SSL_SIG_ALG: 0x24,
  SSL_KEY_ALG: 0x25,
  NETNS: 0x30,
};

/** The value of the first TLV of a type; of the others, too, where they are asked for. */
const tlvValue = (type: number): FetchValue => ({ connectionAddresses: { tlvs } }, sample) => {
  sample.more = false;
  if (tlvs === undefined) return false;
  for (let at = sample.cursor; at + 3 <= tlvs.length;) {
    const end = at + 3 + (tlvs[at + 1]! << 8 | tlvs[at + 2]!);
    if (end > tlvs.length) return false;
    if (tlvs[at] === type) {
      if (sample.iterate) {
        sample.cursor = end;
        sample.more = true;
      }
      return sample.setBytes(STR, tlvs, at + 3, end);
    }
    at = end;
  }
  return false;
};

const ofServer = (read: (facts: ServerConnectionFacts) => number) => (context: Context) =>
  context.serverConnection === null ? -1 : read(context.serverConnection);

/** {@linkcode Fetch}es of this family. */
export const connectionFetches: readonly Fetch[] = [
  ...address("src", effective, "remote", NEEDS_CLIENT, "client's address"),
  ...address("dst", effective, "local", NEEDS_CLIENT, "address that the client connected to"),
  ...address(
    "fc_src",
    original,
    "remote",
    NEEDS_CLIENT,
    "client's address, whatever rules have set",
  ),
  ...address(
    "fc_dst",
    original,
    "local",
    NEEDS_CLIENT,
    "address that the client connected to, whatever rules have set",
  ),
  ...address("bc_dst", server, "remote", NEEDS_SERVER, "server's address"),
  ...address("bc_src", server, "local", NEEDS_SERVER, "address that the server is connected from"),
  boolean(
    "src_is_local",
    "Whether the client is on this machine.",
    ({ addresses }) => isLocal(addresses),
  ),
  boolean(
    "dst_is_local",
    "Whether the client connected to this machine itself.",
    ({ addresses }) => isLocal({ ...addresses, remoteAddress: addresses.localAddress }),
  ),
  boolean(
    "fc_src_is_local",
    "Whether the client is on this machine, whatever rules have set.",
    ({ connectionAddresses }) => isLocal(connectionAddresses),
  ),
  boolean(
    "fc_dst_is_local",
    "Whether the client connected to this machine itself, whatever rules have set.",
    ({ connectionAddresses: { localAddress, ...rest } }) =>
      isLocal({ ...rest, localAddress, remoteAddress: localAddress }),
  ),
  integer(
    "dst_conn",
    NEEDS_CLIENT,
    "Connections of the listener's frontend.",
    ({ frontend }) => frontend.connections,
  ),
  integer(
    "so_id",
    NEEDS_CLIENT,
    "The listener's number in its frontend.",
    ({ listener }) => listener.id,
  ),
  string("so_name", NEEDS_CLIENT, "The listener's name.", ({ listener }) => listener.name || null),
  integer("fe_id", NEEDS_CLIENT, "The frontend's number.", ({ frontend }) => frontend.id),
  string("fe_name", NEEDS_CLIENT, "The frontend's name.", ({ frontend }) => frontend.name),
  string(
    "fe_defbe",
    NEEDS_CLIENT,
    "The name of the frontend's default backend.",
    ({ frontend }) => frontend.defaultBackend,
  ),
  integer(
    "be_id",
    NEEDS_CLIENT,
    "The backend's number.",
    ({ backend, frontend }) => (backend ?? frontend).id,
  ),
  string(
    "be_name",
    NEEDS_CLIENT,
    "The backend's name.",
    ({ backend, frontend }) => (backend ?? frontend).name,
  ),
  integer("srv_id", NEEDS_SERVER, "The server's number.", (context) => context.server?.id ?? -1),
  string("srv_name", NEEDS_SERVER, "The server's name.", (context) => context.server?.name ?? null),
  integer(
    "bc_http_major",
    NEEDS_SERVER,
    "The HTTP version's first digit, towards the server.",
    ofServer(() => 1),
  ),
  integer(
    "fc_http_major",
    NEEDS_CLIENT,
    "The HTTP version's first digit, towards the client.",
    ({ httpMajor }) => httpMajor,
  ),
  integer(
    "fc_glitches",
    NEEDS_CLIENT,
    "Strange things that the client's connection in HTTP/2 has brought, which broke no rule.",
    ({ glitches }) => glitches,
  ),
  boolean(
    "fc_rcvd_proxy",
    "Whether the client came with a PROXY header.",
    ({ addresses, connectionAddresses }) => addresses !== connectionAddresses,
  ),
  ...["authority", "unique_id"].map((name): Fetch => ({
    name: `fc_pp_${name}`,
    type: STR,
    needs: NEEDS_CLIENT,
    doc: `The ${name.replace("_", " ")} of the client's PROXY header.`,
    chapter,
    create: () => tlvValue(tlvTypes[name.toUpperCase()]!),
  })),
  {
    name: "fc_pp_tlv",
    args: [need("id")],
    type: STR,
    needs: NEEDS_CLIENT,
    doc: "The value of a TLV of the client's PROXY header, by its number or name.",
    chapter,
    create(args) {
      const text = args.text(0);
      const id = tlvTypes[text.toUpperCase()] ??
        (/^(0x[0-9a-f]{1,2}|\d{1,3})$/i.test(text) ? Number(text) : NaN);
      if (!(id >= 0 && id <= 255)) {
        throw args.mistake(
          0,
          `'${text}' is not a TLV`,
          `0 to 255, ${Object.keys(tlvTypes).join(", ")}`,
        );
      }
      return tlvValue(id);
    },
  },
  string("fc_err_name", NEEDS_CLIENT, "The error of the client's connection, as a name.", () => ""),
  string("bc_err_name", NEEDS_SERVER, "The error of the server's connection, as a name.", () => ""),
  integer("fc_err", NEEDS_CLIENT, "The error of the client's connection; 0: none.", () => 0),
  string(
    "fc_err_str",
    NEEDS_CLIENT,
    "The error of the client's connection, in words.",
    () => "Success",
  ),
  integer("bc_err", NEEDS_SERVER, "The error of the server's connection; 0: none.", () => 0),
  string(
    "bc_err_str",
    NEEDS_SERVER,
    "The error of the server's connection, in words.",
    () => "Success",
  ),
  integer(
    "fe_client_timeout",
    NEEDS_CLIENT,
    "'timeout client' of the frontend, ms.",
    ({ frontend }) => frontend.timeout("client") ?? 0,
  ),
  integer(
    "be_server_timeout",
    NEEDS_CLIENT,
    "'timeout server' of the backend, ms.",
    (context) => backendOf(context).timeout("server") ?? 0,
  ),
  integer(
    "be_tunnel_timeout",
    NEEDS_CLIENT,
    "'timeout tunnel' of the backend, ms.",
    (context) => backendOf(context).timeout("tunnel") ?? 0,
  ),
  integer(
    "be_connect_timeout",
    NEEDS_CLIENT,
    "'timeout connect' of the backend, ms.",
    (context) => backendOf(context).timeout("connect") ?? 0,
  ),
];
