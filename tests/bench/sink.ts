/**
 * The log daemon, on Bun: takes datagrams and counts them. Prints its port; answers each line on
 * its standard input with the count so far; ends when its input does.
 */
import { createInterface } from "node:readline";

let count = 0;
const socket = await Bun.udpSocket({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    data() {
      count++;
    },
  },
});

process.stdout.write(`${socket.port}\n`);
createInterface({ input: process.stdin })
  .on("line", () => process.stdout.write(`${count}\n`))
  .on("close", () => process.exit());
