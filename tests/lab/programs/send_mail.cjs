// nodemailer: HOST PORT TLS LOGIN USER PASSWORD CAFILE FROM TO, the mail on standard input
const nodemailer = require('nodemailer');
const fs = require('fs');
const [host, port, tls, login, user, pass, ca, from, to] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  host, port: Number(port), secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none',
  auth: login === 'yes' ? { user, pass } : undefined, connectionTimeout: 12000, greetingTimeout: 12000, socketTimeout: 12000,
  tls: { ca: fs.readFileSync(ca) },
});
transport.sendMail({ envelope: { from, to: [to] }, raw: fs.readFileSync(0) }).catch((error) => {
  console.error(`${error.name}: ${error.message}`);
  if (error.code) console.error(`code: '${error.code}', command: '${error.command}'`);
  process.exit(1);
});
