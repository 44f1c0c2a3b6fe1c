// Drives real socket.io-clients for the end-to-end tests: a command a line in, what happens a line out.
//
//   {"client": 1, "open": "http://127.0.0.1:8080", "version": "4", "transports": ["polling"]}
//   {"client": 1, "emit": "message", "arguments": [{"content": "hi"}], "callback": 7}
//   {"client": 1, "close": true}
//
// comes out as {"client": 1, "happened": "connect", "transport": "polling"}, "disconnect" with its
// "reason", "event" with "name" and "arguments", "answered" with "callback" and "arguments", "upgraded".

const readline = require("readline");

const clients = new Map();

const say = (client, happened, more) =>
  process.stdout.write(JSON.stringify({ client, happened, ...more }) + "\n");

function open(number, { open, version, transports, reconnects }) {
  const io = require(`client-${version}`);
  const socket = io(open, {
    forceNew: true,
    transports: transports || ["polling", "websocket"],
    reconnection: Boolean(reconnects),
    reconnectionDelay: 100,
  });
  clients.set(number, socket);
  const transport = () => socket.io.engine.transport.name;
  socket.on("connect", () => {
    say(number, "connect", { transport: transport() });
    const upgraded = () => say(number, "upgraded", { transport: transport() });
    // It may have come before.
    if (transport() === "websocket") upgraded();
    else socket.io.engine.on("upgrade", upgraded);
  });
  socket.on("disconnect", (reason) => say(number, "disconnect", { reason }));
  socket.on("connect_error", (error) => say(number, "refused", { error: String(error.message || error) }));
  socket.on("error", (error) => say(number, "error", { error: String(error.message || error) }));
  // All versions hand an event over here before anybody listens to it by its name.
  const emitted = socket.onevent;
  socket.onevent = function (packet) {
    const [name, ...parameters] = packet.data;
    say(number, "event", { name, arguments: parameters });
    emitted.call(this, packet);
  };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  const number = command.client;
  if (command.open) return open(number, command);
  const socket = clients.get(number);
  if (command.close) return socket.close();
  const parameters = command.arguments || [];
  if (command.callback === undefined) return socket.emit(command.emit, ...parameters);
  socket.emit(command.emit, ...parameters, (...answer) =>
    say(number, "answered", { callback: command.callback, arguments: answer }),
  );
}).on("close", () => process.exit(0));
