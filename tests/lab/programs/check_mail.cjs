// imapflow: HOST PORT TLS USER PASSWORD CAFILE
const { ImapFlow } = require('imapflow');
const fs = require('fs');
const [host, port, tls, user, pass, ca] = process.argv.slice(2);
const client = new ImapFlow({
  host, port: Number(port), secure: tls === 'implicit', auth: { user, pass }, logger: false,
  connectionTimeout: 12000, greetingTimeout: 12000, tls: { ca: fs.readFileSync(ca) },
});
client.on('error', () => {});
client.connect().then(() => client.mailboxOpen('INBOX')).then(() => client.logout()).catch((error) => {
  console.error(`${error.name}: ${error.message}`);
  if (error.responseText) console.error(`responseText: ${error.responseText}`);
  if (error.code) console.error(`code: ${error.code}`);
  process.exit(1);
});
