/** Fields that carry addresses: `option forwardfor`, `option originalto`. */
import { type Case, oracleCases } from "./harness.ts";

const options = [
  "forwardfor",
  "forwardfor except 127.0.0.0/8",
  "forwardfor except 127.3.0.0/16",
  "forwardfor except 127.3.2.1",
  "forwardfor header X-Client",
  "forwardfor if-none",
  "forwardfor except 127.3.0.0/16 header X-Client if-none",
  "originalto",
  "originalto header X-Server",
  "originalto except 127.0.0.0/8",
  "originalto except 10.0.0.0/8 header X-Server",
];
const fields = [
  "",
  "X-Forwarded-For: 1.2.3.4\r\n",
  "x-forwarded-for: 1.2.3.4\r\nX-Original-To: 5.6.7.8\r\nX-FORWARDED-FOR: 9.9.9.9, 8.8.8.8\r\n",
  "X-Client: 1.2.3.4\r\nX-Server: 5.6.7.8\r\n",
  "X-Forwarded-For:\r\n",
];

const cases = options.flatMap((option) =>
  fields.flatMap((field) =>
    ["127.0.0.1", "127.3.2.1"].map((from): Case => ({
      name: `option ${option}, from ${from}, ${JSON.stringify(field)}`,
      config: [`option ${option}`],
      async play({ connect }) {
        const client = await connect(from);
        client.send(`GET /1 HTTP/1.1\r\nHost: h\r\n${field}\r\n`);
        await client.answered();
        client.send(`GET /2 HTTP/1.1\r\n${field}Host: h\r\nCookie: a=b\r\n\r\n`);
        await client.answered();
      },
    }))
  )
);
cases.push({
  name: "both at once",
  config: ["option forwardfor", "option originalto"],
  differs: ["HTTP/1.0 closes"],
  requests: ["GET /1 HTTP/1.0\r\n\r\n", "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"],
});
oracleCases("addresses", cases);
