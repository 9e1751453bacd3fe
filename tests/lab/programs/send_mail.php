<?php
// PHPMailer: HOST PORT TLS LOGIN USER PASSWORD CAFILE FROM TO
require '/usr/share/php/libphp-phpmailer/src/Exception.php';
require '/usr/share/php/libphp-phpmailer/src/PHPMailer.php';
require '/usr/share/php/libphp-phpmailer/src/SMTP.php';
[, $host, $port, $tls, $login, $user, $password, $ca, $from, $to] = $argv;
$mail = new PHPMailer\PHPMailer\PHPMailer(true);
try {
    $mail->isSMTP();
    $mail->SMTPDebug = 1;
    $mail->Debugoutput = 'echo';
    $mail->Timeout = 12;
    $mail->Host = $host;
    $mail->Port = (int) $port;
    $mail->SMTPAuth = $login === 'yes';
    $mail->SMTPAutoTLS = false;
    $mail->SMTPSecure = ['implicit' => 'ssl', 'starttls' => 'tls', 'none' => ''][$tls];
    $mail->SMTPOptions = ['ssl' => ['cafile' => $ca]];
    $mail->Username = $user;
    $mail->Password = $password;
    $mail->setFrom($from);
    $mail->addAddress($to);
    $mail->Subject = 'Hello';
    $mail->Body = stream_get_contents(STDIN);
    $mail->send();
} catch (Exception $e) {
    echo "Message could not be sent. Mailer Error: {$mail->ErrorInfo}\n";
    exit(1);
}
