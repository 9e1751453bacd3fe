"""Chinese characters that differ between the traditional script (Taiwan, Hong Kong) and the simplified one.

A program's translation for one script often has the very words of the other: 連線失敗 and 连线失败. Read as one, a word
known from either is known in both. Only characters that have one simplified form, and not 憑:
憑證 is a certificate in the one script, 凭证 a credential in the other; 帐 and 账, which both scripts use
for "account", are one here as well. Source: the Chinese government's General List of Simplified Chinese Characters
(1986).
"""

from __future__ import annotations

_TRADITIONAL = (
    "無沒連線務網絡絕認證驗錯誤帳帐號戶碼資訊傳遞發郵儲檔開關閉斷離時間請聯繫機構簽頒過應該設選項執協議據瀏覽數對話組類載輸輯編緩衝權許專屬員狀"
    "態確調暫遠訪問變換際環壞雙擊單個們這裡後讀寫標題檢測試嘗複復製貼轉遺錄結終級繼續總維護統經給約縮報場塊壓夠獲條來極樣歸歷殘決況溝滿為產畫盡監"
    "盤禮種稱積穩筆節範簡糾紀納純細聲聽職與舉舊華萬蓋處虛裝補見規視觸訂計記訴詞詢詳語誌說課談識譯讓負責貨費賴購質軟較輕輪辦違適邊還銷鍵鎖鏈長門閱"
    "隊階隨險隱雖難電靜響頁頂順須預頭顯願額餘驅體點齊嚴動勞區卻廠參圖圍學實審寬將尋導層師帶幫庫廣強徑從徵惡慣戰掃掛損擇擋擔擬擴攔敗於術漢隻僅億償"
    "優內兩凍劃創匯嗎圓墊夾奪嚐禦紅綁綠緊縱罰羅義習聞脫臨葉衛裏觀訓託評誰諮譜豐貝財販貴買賣賬賞蹤車軌輔農遲鄰醫釋針銀鐘閘陣陸韓頻顧飛館馬麼黃龍佔"
    "併偵備傷僱兒別剛勝勢厭吳啟喚國夢奧孫屆島幣幾彈悅慮憂懷戲撥暢東桿棄業榮檻櫃歲氣淨湊準滅滯漸潰濾災爭牽獨現瑣盜眾睜碩竊競紋絲綜緒練織繪罷膚艙藝"
    "蘇蝕褲訖誠誕諾謹譽贊趨跡躍軍輛輝轄辭週遷鑑鑰閃闆陽雜頓顆顏飾駐騰驟鬆鬧鮮麗齡憶擁擷彙係衹祇"
)
_SIMPLIFIED = (
    "无没连线务网络绝认证验错误账账号户码资讯传递发邮储档开关闭断离时间请联系机构签颁过应该设选项执协议据浏览数对话组类载输辑编缓冲权许专属员状"
    "态确调暂远访问变换际环坏双击单个们这里后读写标题检测试尝复复制贴转遗录结终级继续总维护统经给约缩报场块压够获条来极样归历残决况沟满为产画尽监"
    "盘礼种称积稳笔节范简纠纪纳纯细声听职与举旧华万盖处虚装补见规视触订计记诉词询详语志说课谈识译让负责货费赖购质软较轻轮办违适边还销键锁链长门阅"
    "队阶随险隐虽难电静响页顶顺须预头显愿额余驱体点齐严动劳区却厂参图围学实审宽将寻导层师带帮库广强径从征恶惯战扫挂损择挡担拟扩拦败于术汉只仅亿偿"
    "优内两冻划创汇吗圆垫夹夺尝御红绑绿紧纵罚罗义习闻脱临叶卫里观训托评谁咨谱丰贝财贩贵买卖账赏踪车轨辅农迟邻医释针银钟闸阵陆韩频顾飞馆马么黄龙占"
    "并侦备伤雇儿别刚胜势厌吴启唤国梦奥孙届岛币几弹悦虑忧怀戏拨畅东杆弃业荣槛柜岁气净凑准灭滞渐溃滤灾争牵独现琐盗众睁硕窃竞纹丝综绪练织绘罢肤舱艺"
    "苏蚀裤讫诚诞诺谨誉赞趋迹跃军辆辉辖辞周迁鉴钥闪板阳杂顿颗颜饰驻腾骤松闹鲜丽龄忆拥撷汇系只只"
)

SIMPLIFIED = dict(zip(_TRADITIONAL, _SIMPLIFIED, strict=True))
"""Traditional character -> simplified one."""
