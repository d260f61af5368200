// Loaded into a Node tool before it starts: notes each attempt to leave the machine, and stops it.
const dns = require('node:dns');
const fs = require('node:fs');
const net = require('node:net');

function refuse(target) {
  fs.appendFileSync(process.env.NETWORK_LOG, `${JSON.stringify(target)}\n`);
  throw new Error('no network');
}

net.Socket.prototype.connect = (...target) => refuse(target[0]);
dns.lookup = (name) => refuse(name);
dns.promises.lookup = async (name) => refuse(name);
